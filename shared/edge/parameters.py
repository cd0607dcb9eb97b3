"""Parameters of machines and pools: any JSON object, which a message contains as text."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer
from pydantic_core import PydanticCustomError

MAX_BYTES = 64 * 1024


def _text(value: dict[str, Any]) -> str:
    # Without whitespace, and equal values have equal texts.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _text_unless_empty(value: dict[str, Any]) -> str | None:
    return _text(value) if value else None


def _check_size(value: dict[str, Any]) -> dict[str, Any]:
    # `replace`, because a value with lone surrogates cannot be encoded. The parser has found that fault.
    if len(_text(value).encode(errors="replace")) > MAX_BYTES:
        raise PydanticCustomError("too_large", "must be at most 64 KiB as JSON")
    return value


_Object = Annotated[
    dict[str, Any],
    AfterValidator(_check_size),
    Field(description="Any JSON object of at most 64 KiB, with integers of at most 64 bits"),
]

Parameters = Annotated[_Object, PlainSerializer(_text)]

# Parameters that `{}` clears.
ClearableParameters = Annotated[_Object, PlainSerializer(_text_unless_empty)]
