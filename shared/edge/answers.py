"""Answers as data, and as responses."""

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message
from starlette.responses import Response

from shared.domain.answer import Answer
from shared.edge.body import JSON, PROTOBUF


def answer(
    status: int,
    content: Mapping[str, Any],
    *,
    protobuf: Message | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Make an answer.

    Args:
        status: the HTTP status.
        content: what JSON shows.
        protobuf: the same as a message, for a client that asked for one.
        headers: beside `Content-Type`.
    """
    media_type, body = JSON, b""
    if protobuf is None:
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    else:
        media_type, body = PROTOBUF, protobuf.SerializeToString()
    return Answer(status=status, headers={"Content-Type": media_type, **(headers or {})}, body=body)


def response(answer: Answer) -> Response:
    """Send an answer."""
    return Response(answer.body, answer.status, answer.headers)
