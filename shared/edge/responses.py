"""Responses with JSON or protobuf bodies."""

from collections.abc import Mapping

from google.protobuf.message import Message
from pydantic_core import to_json

from shared.domain.http_response import HttpResponse
from shared.edge.body import JSON, PROTOBUF


def json_response(status: int, content: object, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a response with plain values as JSON; the headers are in addition to `Content-Type`.

    The values are not turned into a model, which would take most of the time of a list.
    """
    return HttpResponse(
        status=status,
        headers={"Content-Type": JSON, **(headers or {})},
        body=to_json(content, inf_nan_mode="null"),
    )


def message_response(status: int, message: Message, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a response with a protobuf message; the headers are in addition to `Content-Type`."""
    # Otherwise each process has another order of labels, and so other bytes with the same ETag.
    body = message.SerializeToString(deterministic=True)
    return HttpResponse(status=status, headers={"Content-Type": PROTOBUF, **(headers or {})}, body=body)
