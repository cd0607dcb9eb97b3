"""Answers as data, and as responses."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.responses import Response

from shared.domain.answer import Answer
from shared.edge.body import JSON, PROTOBUF


def model_answer(status: int, model: BaseModel, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with a model as JSON; the headers are those beside `Content-Type`."""
    return Answer(
        status=status,
        headers={"Content-Type": JSON, **(headers or {})},
        body=model.model_dump_json().encode(),
    )


def json_answer(status: int, content: Mapping[str, Any]) -> Answer:
    """Answer with what a model would show, without making one: in the same words, but nothing is checked."""
    return Answer(
        status=status,
        headers={"Content-Type": JSON},
        body=to_json(content, inf_nan_mode="null"),
    )


def message_answer(status: int, message: Message, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with a protobuf message; the headers are those beside `Content-Type`."""
    return Answer(
        status=status, headers={"Content-Type": PROTOBUF, **(headers or {})}, body=message.SerializeToString()
    )


def response(answer: Answer) -> Response:
    """Send an answer."""
    return Response(answer.body, answer.status, answer.headers)
