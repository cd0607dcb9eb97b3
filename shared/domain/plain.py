"""Messages as plain Python values, which are faster to use in responses than messages."""

import functools
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

# All fields of a message by name, in the message's order. An embedded message is such a mapping too (a time:
# its seconds and nanos), a repeated field is a list, and a map is a dictionary sorted by key. A field that is
# not set is None if it has presence, otherwise its default. The message's constructor accepts these values.
Plain = Mapping[str, Any]

# Converts a field's value to plain values. It takes Any, because only the descriptor has the field's type.
Read = Callable[[Any], Any]

_EPOCH = datetime.fromtimestamp(0, UTC)


def plain(message: Message, names: Iterable[str] | None = None) -> Plain:
    """Return a message as plain values.

    Args:
        message: the message.
        names: the names of the fields to return; all fields without it.
    """
    fields = _fields(message.DESCRIPTOR)
    wanted = fields.values() if names is None else [fields[name] for name in names]
    return {
        name: None if has_presence and not message.HasField(name) else read(getattr(message, name))
        for name, has_presence, read in wanted
    }


@functools.cache
def unset(message_type: Descriptor) -> Plain:
    """Return a message without any set field as plain values."""
    return plain(GetMessageClass(message_type)())


def to_datetime(time: Plain | None) -> datetime:
    """Return a time to the microsecond; the epoch if it is not set."""
    return _EPOCH if time is None else _EPOCH + timedelta(0, time["seconds"], time["nanos"] // 1000)


@functools.cache
def _fields(message_type: Descriptor) -> Mapping[str, tuple[str, bool, Read]]:
    return {field.name: (field.name, field.has_presence, _read_field(field)) for field in message_type.fields}


def _read_field(field: FieldDescriptor) -> Read:
    if field.message_type is None:
        return list if field.is_repeated else _content
    if field.message_type.GetOptions().map_entry:
        read = _read_field(field.message_type.fields_by_name["value"])
        return lambda entries: {key: read(entries[key]) for key in sorted(entries)}
    return (lambda messages: [plain(message) for message in messages]) if field.is_repeated else plain


def _content(content: Any) -> Any:  # noqa: ANN401 - what a field holds
    return content
