"""The request's body: read within its limit, and parsed as its media type says."""

import asyncio
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet
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
# No array of the API may have more entries; of one that has, nothing is told but its length.
LARGEST_ARRAY = 1024
SECONDS = 30.0

# What an answer says that comes as its client likes it (RFC 9110, section 12.5.5).
NEGOTIATED = {"Vary": "Accept"}

_WEIGHT = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")


async def read(request: Request, *, seconds: float = SECONDS) -> bytes:
    """Read the body.

    Args:
        request: the request.
        seconds: how long the client may take to send it.

    Raises:
        BodyTooLarge: before more than the limit is read.
        MalformedBody: the client left before its end.
        BodyTooSlow: it took longer than that.
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


def parse(request: Request, raw: bytes, message: type[Message] | None = None) -> tuple[Any, list[Fault]]:
    """Parse a body as JSON, or as a protobuf message where the call takes one.

    Returns:
        The document as JSON has it, and the faults that parsing found.

    Raises:
        UnsupportedContentCoding: the body is declared to be coded.
        UnsupportedMediaType: it is declared to be something else.
        MalformedBody: it is not what it is declared to be.
    """
    if codings := _codings(request):
        raise UnsupportedContentCoding(", ".join(codings))
    media_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media_type == JSON:
        if not raw and request.method == "DELETE":
            raise MalformedBody("There is no body, and it is needed: it may have been dropped on its way")
        return strict_json.parse(raw)
    if media_type == PROTOBUF and message is not None:
        return _parse_message(raw, message)
    raise UnsupportedMediaType(media_type, [JSON] if message is None else [JSON, PROTOBUF])


def _codings(request: Request) -> list[str]:
    """List how the body is coded, beside not at all (RFC 9110, 8.4)."""
    lines = request.headers.getlist("content-encoding")
    codings = (coding.strip().lower() for line in lines for coding in line.split(","))
    return [coding for coding in codings if coding not in {"", "identity"}]


def accepts_protobuf(request: Request) -> bool:
    """Whether the client likes protobuf answers, and JSON not better; JSON it is in every other case."""
    accept = ",".join(request.headers.getlist("accept")).lower()
    if PROTOBUF not in accept:
        return False
    liking = dict(map(_liking, accept.split(",")))
    weight = liking.get(PROTOBUF, 0.0)
    # Of the ranges that have JSON in them the narrowest counts.
    ranges = (JSON, "application/*", "*/*")
    return weight > 0 and weight >= next((liking[given] for given in ranges if given in liking), 0.0)


def _liking(item: str) -> tuple[str, float]:
    """Read one item of an `Accept` header: RFC 9110, section 12.5.1."""
    media_type, *parameters = (part.strip() for part in item.split(";"))
    weights = [_WEIGHT.fullmatch(parameter) for parameter in parameters]
    return media_type, next((float(weight[1]) for weight in weights if weight), 1.0)


def _parse_message(raw: bytes, message_type: type[Message]) -> tuple[dict[str, Any], list[Fault]]:
    try:
        message = message_type.FromString(raw)
    except DecodeError as error:
        raise MalformedBody(f"The body is no {message_type.DESCRIPTOR.full_name}: {error}") from error
    document = _document(message)
    faults = list(islice(_unknown_fields(message, ("body",)), strict_json.MOST_FAULTS))
    # Two names of the API are spelled otherwise in the messages: see proto/inventory/v1/machine.proto.
    if document.pop("version", None) is not None:
        faults.append(Fault(("body", "version"), "extra_forbidden", "is the server's to say"))
    if "agent_version" in document:
        document["version"] = document.pop("agent_version")
    if "machine_parameters" in document:
        document["machine_parameters"], nested = _parse_parameters(document["machine_parameters"])
        faults += nested
    return document, faults


def _parse_parameters(text: str) -> tuple[Any, list[Fault]]:
    place = ("body", "machine_parameters")
    try:
        parameters, faults = strict_json.parse(text.encode())
    except MalformedBody:
        return None, [Fault(place, "json_invalid", "must be a JSON object as text")]
    return parameters, [Fault((*place, *fault.location[1:]), fault.kind, fault.message) for fault in faults]


def _document(message: Message) -> dict[str, Any]:
    """Show the set fields of a message as its JSON document would; a zero without presence is not set."""
    return {field.name: _plain(value) for field, value in message.ListFields()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field's value, of any kind
    if isinstance(value, Message):
        return _document(value)
    if isinstance(value, str | bytes | int | float):
        return value
    if hasattr(value, "items"):
        return dict(value.items())
    return [_plain(item) for item in islice(value, LARGEST_ARRAY + 1)]


def _unknown_fields(message: Message, location: strict_json.Location) -> Iterator[Fault]:
    for unknown in UnknownFieldSet(message):  # type: ignore[attr-defined] # iterable, though its stub does not say
        yield Fault((*location, f"#{unknown.field_number}"), "extra_forbidden", "is not a known field")
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        if isinstance(value, Message):
            yield from _unknown_fields(value, (*location, field.name))
        elif len(value) <= LARGEST_ARRAY:
            for index, item in enumerate(value):
                yield from _unknown_fields(item, (*location, field.name, index))
