"""The query parameter `label`: `key=value`, `key` for any value, or `!key` for machines without the label."""

from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from functions.machines.profile import LABEL_KEY, LABEL_VALUE
from shared.domain.machine_filter import LabelSelector

_KEY, _VALUE = LABEL_KEY.pattern, LABEL_VALUE.pattern


def _selectors(texts: list[str]) -> tuple[LabelSelector, ...]:
    return tuple(map(_selector, texts))


def _selector(text: str) -> LabelSelector:
    absent = text.startswith("!")
    key, equals, value = text.removeprefix("!").partition("=")
    if not LABEL_KEY.fullmatch(key) or not LABEL_VALUE.fullmatch(value) or (absent and equals):
        message = "must be key=value, key or !key of one label: repeat the parameter for others"
        raise PydanticCustomError("label_selector", message)
    return LabelSelector(key=key, value=value if equals else None, absent=absent)


LabelSelectors = Annotated[
    tuple[LabelSelector, ...],
    PlainValidator(_selectors),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "string", "pattern": f"^(!{_KEY}|{_KEY}(={_VALUE})?)$"},
            "description": "`key=value`, `key` for any value, or `!key` for machines without it. Repeat the "
            "parameter for others: all must hold. At least 16 are allowed with a `search`, and more with a "
            "short one",
        }
    ),
]
