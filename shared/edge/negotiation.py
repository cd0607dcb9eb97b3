"""Answers in the media type that their client likes best: JSON or protobuf (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Callable, Mapping

from google.protobuf.message import Message
from starlette.requests import Request

from shared.domain.answer import Answer
from shared.edge.answers import json_answer, message_answer
from shared.edge.body import JSON, PROTOBUF

# What each such answer says of itself, to caches: RFC 9110, section 12.5.5.
NEGOTIATED = {"Vary": "Accept"}

# Some clients leave out the zero of a fraction.
_WEIGHT = re.compile(r"q=([0-9]+\.?[0-9]*|\.[0-9]+)")
_BOTH = ("application/*", "*/*")


def negotiated_answer(
    request: Request,
    status: int,
    *,
    content: Callable[[], object],
    message: Callable[[], Message],
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Answer with what the client likes better, JSON where it has no preference.

    Args:
        request: the request.
        status: the answer's status.
        content: makes the plain values of the answer as JSON.
        message: makes the answer as a message.
        headers: those beside `Content-Type` and `Vary`.
    """
    headers = {**(headers or {}), **NEGOTIATED}
    if _prefers_protobuf(request):
        return message_answer(status, message(), headers)
    return json_answer(status, content(), headers)


def _prefers_protobuf(request: Request) -> bool:
    accept = ",".join(request.headers.getlist("accept")).lower()
    if (PROTOBUF not in accept and JSON not in accept) or accept == JSON:
        return False  # none of the two is named, or JSON alone: the same ranges weigh both
    weights = dict(map(_weighted, accept.split(",")))
    protobuf, json = _weight(weights, PROTOBUF), _weight(weights, JSON)
    # As much as JSON counts only where it is named: most clients take anything.
    return protobuf > json or (protobuf == json > 0 and PROTOBUF in weights)


def _weight(weights: Mapping[str, float], media_type: str) -> float:
    """Find the weight of a media type: of the ranges that it is in, the narrowest counts."""
    return next((weights[given] for given in (media_type, *_BOTH) if given in weights), 0.0)


def _weighted(item: str) -> tuple[str, float]:
    """Read a media range and its weight from one item of an `Accept` header."""
    media_type, *parameters = (part.strip() for part in item.split(";"))
    found = [_WEIGHT.fullmatch(parameter) for parameter in parameters]
    return media_type, min(next((float(weight[1]) for weight in found if weight), 1.0), 1.0)
