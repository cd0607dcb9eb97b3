"""The request's body: read within its limits, and parsed according to its media type."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request

from shared.domain.errors import (
    BodyTooLarge,
    BodyTooSlow,
    Fault,
    MalformedBody,
    UnsupportedContentCoding,
    UnsupportedMediaType,
)
from shared.edge import strict_json

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
MAX_BYTES = 1024 * 1024
SECONDS = 30.0

Parsed = tuple[Any, list[Fault]]
"""A document as JSON values, and the faults that parsing found."""

Parse = Callable[[bytes], Parsed]


async def read(request: Request, *, seconds: float = SECONDS) -> bytes:
    """Read the body.

    Args:
        request: the request.
        seconds: how long the client may take to send it.

    Raises:
        BodyTooLarge: the body is larger than the limit; the rest is not read.
        MalformedBody: the client disconnected before the end of the body.
        BodyTooSlow: the body did not arrive in time.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > MAX_BYTES:
        raise BodyTooLarge(MAX_BYTES)
    chunks = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                chunks += chunk
                if len(chunks) > MAX_BYTES:
                    raise BodyTooLarge(MAX_BYTES)
    except ClientDisconnect as error:
        raise MalformedBody("The client left before the end of the body") from error
    except TimeoutError as error:
        raise BodyTooSlow(seconds) from error
    return bytes(chunks)


def parse(request: Request, raw: bytes, parse_message: Parse | None = None) -> Parsed:
    """Parse a body as JSON, or as a protobuf message if the call accepts one.

    Args:
        request: the request, whose headers declare the body's format.
        raw: the body.
        parse_message: parses the call's protobuf message; without it, only JSON is accepted.

    Raises:
        UnsupportedContentCoding: the body has a content coding.
        UnsupportedMediaType: its media type is not accepted.
        MalformedBody: it cannot be parsed as its media type.
    """
    if codings := _codings(request):
        raise UnsupportedContentCoding(", ".join(codings))
    declared = request.headers.getlist("content-type") or [JSON]
    media_type = ", ".join(line.partition(";")[0].strip().lower() for line in declared)
    if media_type == JSON:
        if not raw and request.method == "DELETE":
            raise MalformedBody("There is no body, but it is required: a proxy may have dropped it")
        return strict_json.parse(raw)
    if media_type == PROTOBUF and parse_message is not None:
        return parse_message(raw)
    raise UnsupportedMediaType(media_type, [JSON] if parse_message is None else [JSON, PROTOBUF])


def _codings(request: Request) -> list[str]:
    """Return the body's content codings, without `identity` (RFC 9110, 8.4)."""
    lines = request.headers.getlist("content-encoding")
    codings = (coding.strip().lower() for line in lines for coding in line.split(","))
    return [coding for coding in codings if coding not in {"", "identity"}]
