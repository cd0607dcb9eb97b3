"""Hardware profiles as protobuf messages, which are read into the same documents as JSON."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from shared.domain.errors import Fault, Location, MalformedBody
from shared.edge import strict_json
from shared.pb.inventory.v1.machine_pb2 import Machine

# The most entries of any array in a profile. For longer arrays, only the length is reported as a fault.
MAX_ARRAY_LENGTH = 1024
# A body of 1 MiB can have half a million unknown fields. To list them takes half a second, even if only the
# first are reported. If they have more bytes than this, they are one fault.
MAX_UNKNOWN_BYTES = 64 * 1024


def parse_message(raw: bytes) -> tuple[dict[str, Any], list[Fault]]:
    """Parse a machine's message.

    Returns:
        The document as JSON values, and those faults that a validation of types does not find.

    Raises:
        MalformedBody: the body is not such a message.
    """
    try:
        message = Machine.FromString(raw)
    except DecodeError as error:
        raise MalformedBody(f"The body is not a valid {Machine.DESCRIPTOR.full_name}: {error}") from error
    document = _document(message)
    if len(raw) > MAX_UNKNOWN_BYTES and _unknown_bytes(message) > MAX_UNKNOWN_BYTES:
        text = f"must not have unknown fields, but has more than {MAX_UNKNOWN_BYTES} bytes of them"
        faults = [Fault(("body",), "too_many_unknown_fields", text)]
    else:
        faults = list(islice(_unknown_fields(message, ("body",)), strict_json.MAX_FAULTS))
    # The API's `version` is the message's `agent_version`: see proto/inventory/v1/machine.proto.
    if document.pop("version", None) is not None:
        faults.append(Fault(("body", "version"), "extra_forbidden", "is not a known field"))
    if "agent_version" in document:
        document["version"] = document.pop("agent_version")
    if "machine_parameters" in document:
        document["machine_parameters"], nested = _parse_parameters(document["machine_parameters"])
        faults += nested
    return document, faults


def _parse_parameters(text: str) -> tuple[Any, list[Fault]]:
    location = ("body", "machine_parameters")
    try:
        parameters, faults = strict_json.parse(text.encode(), levels=strict_json.MAX_DEPTH - 1)
    except MalformedBody:
        return None, [Fault(location, "json_invalid", "must be a JSON object as text")]
    if parameters is None and not faults:  # a message leaves the field out instead
        return None, [Fault(location, "dict_type", "must be an object")]
    return parameters, [
        Fault((*location, *fault.location[1:]), fault.kind, fault.message) for fault in faults
    ]


def _document(message: Message) -> dict[str, Any]:
    """Return the set fields of a message as JSON values; a zero without presence is not set."""
    return {field.name: _plain(value) for field, value in message.ListFields()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field's value, of any kind
    if isinstance(value, Message):
        return _document(value)
    if isinstance(value, str | bytes | int | float):
        return value
    if hasattr(value, "items"):
        return dict(value.items())
    return [_plain(item) for item in islice(value, MAX_ARRAY_LENGTH + 1)]


def _unknown_bytes(message: Machine) -> int:
    """Return the size of the fields that `_unknown_fields` would list."""
    known = Machine()
    known.CopyFrom(message)
    for field, value in message.ListFields():
        if field.is_repeated and len(value) > MAX_ARRAY_LENGTH:
            known.ClearField(field.name)
    size = known.ByteSize()
    known.DiscardUnknownFields()
    return size - known.ByteSize()


def _unknown_fields(message: Message, location: Location) -> Iterator[Fault]:
    for unknown in UnknownFieldSet(message):  # type: ignore[attr-defined] # iterable, though its stub does not say
        yield Fault((*location, f"#{unknown.field_number}"), "extra_forbidden", "is not a known field")
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        if isinstance(value, Message):
            yield from _unknown_fields(value, (*location, field.name))
        elif len(value) <= MAX_ARRAY_LENGTH:
            for index, item in enumerate(value):
                yield from _unknown_fields(item, (*location, field.name, index))
