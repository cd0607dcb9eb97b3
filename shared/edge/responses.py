"""Responses with JSON or protobuf bodies."""

from collections.abc import Mapping
from itertools import chain
from secrets import token_hex

from google.protobuf.message import Message
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from shared.domain.http_response import HttpResponse
from shared.edge.body import JSON, PROTOBUF

# Takes the place of a `JsonText` until the rest is JSON. It is random, so that no client can send it.
_MARK = token_hex(16)


class JsonText:
    """An object that is stored as JSON, and becomes a part of a response as it is.

    As values, a page of such texts could take thirty times their size, more memory than an instance has, and
    many seconds. Creating one raises a `ValueError` if the text is not an object in JSON.
    """

    def __init__(self, text: str) -> None:
        _AnyObject.model_validate_json(text)
        self.text = text


class _AnyObject(BaseModel):
    """Any JSON object, whose members are parsed, but do not become Python's values."""

    model_config = ConfigDict(hide_input_in_errors=True)


def json_bytes(content: object) -> bytes:
    """Return plain values, of which any can be a `JsonText`, as JSON."""
    texts: list[str] = []

    def mark(value: JsonText) -> str:
        texts.append(value.text)
        return _MARK

    first, *rest = to_json(content, inf_nan_mode="null", fallback=mark).split(f'"{_MARK}"'.encode())
    if not texts:
        return first
    pairs = zip(map(str.encode, texts), rest, strict=True)
    return b"".join((first, *chain.from_iterable(pairs)))


def json_response(status: int, content: object, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a response with plain values as JSON; the headers are in addition to `Content-Type`.

    The values are not turned into a model, which would take most of the time of a list.
    """
    return HttpResponse(
        status=status,
        headers={"Content-Type": JSON, **(headers or {})},
        body=json_bytes(content),
    )


def message_response(status: int, message: Message, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a response with a protobuf message; the headers are in addition to `Content-Type`."""
    # Otherwise each process has another order of labels, and so other bytes with the same ETag.
    body = message.SerializeToString(deterministic=True)
    return HttpResponse(status=status, headers={"Content-Type": PROTOBUF, **(headers or {})}, body=body)
