"""Responses in the media type that the client prefers: JSON or protobuf (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Callable, Mapping

from google.protobuf.message import Message
from starlette.requests import Request

from shared.domain.http_response import HttpResponse
from shared.edge.body import JSON, PROTOBUF
from shared.edge.responses import json_response, message_response

# Each such response has this header, for caches: RFC 9110, section 12.5.5.
NEGOTIATED = {"Vary": "Accept"}

# Some clients omit the zero before the decimal point. Digits match in only one way, because otherwise the
# time to reject a long weight would grow with the square of its length.
_WEIGHT = re.compile(r"q=([0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_BOTH = ("application/*", "*/*")


def negotiated_response(
    request: Request,
    status: int,
    *,
    content: Callable[[], object],
    message: Callable[[], Message],
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Return the response in the media type that the client prefers; JSON if it has no preference.

    Args:
        request: the request.
        status: the response's status.
        content: makes the plain values for a JSON body.
        message: makes the message for a protobuf body.
        headers: the headers in addition to `Content-Type` and `Vary`.
    """
    headers = {**(headers or {}), **NEGOTIATED}
    if _prefers_protobuf(request):
        return message_response(status, message(), headers)
    return json_response(status, content(), headers)


def _prefers_protobuf(request: Request) -> bool:
    accept = ",".join(request.headers.getlist("accept")).lower()
    if (PROTOBUF not in accept and JSON not in accept) or accept == JSON:
        return False  # neither is named, so the same ranges apply to both; or only JSON is named
    weights = dict(map(_parse_item, accept.split(",")))
    protobuf, json = _weight(weights, PROTOBUF), _weight(weights, JSON)
    # With equal weights, protobuf must be named, because most clients accept anything.
    return protobuf > json or (protobuf == json > 0 and PROTOBUF in weights)


def _weight(weights: Mapping[str, float], media_type: str) -> float:
    """Return the weight of a media type: that of the most specific range that includes it."""
    return next((weights[given] for given in (media_type, *_BOTH) if given in weights), 0.0)


def _parse_item(item: str) -> tuple[str, float]:
    """Return the media range and weight of one item of an `Accept` header."""
    media_type, *parameters = (part.strip() for part in item.split(";"))
    found = [_WEIGHT.fullmatch(parameter) for parameter in parameters]
    return media_type, min(next((float(weight[1]) for weight in found if weight), 1.0), 1.0)
