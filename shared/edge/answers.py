"""Answers as data, and as responses."""

from collections.abc import Mapping

from google.protobuf.message import Message
from pydantic import BaseModel
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


def message_answer(status: int, message: Message, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with a protobuf message; the headers are those beside `Content-Type`."""
    return Answer(
        status=status, headers={"Content-Type": PROTOBUF, **(headers or {})}, body=message.SerializeToString()
    )


def response(answer: Answer) -> Response:
    """Send an answer."""
    return Response(answer.body, answer.status, answer.headers)
