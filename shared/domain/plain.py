"""Messages as plain values, which take less time to pass on than messages do."""

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

# All fields of a message by their names, in its order. A message inside is such a mapping too, a repeated
# field a list, a map a dictionary in the order of its keys, a time its seconds and nanos. A field that is not
# set is None if it has presence, and else its default. The message's constructor takes just these.
Plain = Mapping[str, Any]

# What a field holds, as plain values; the descriptor alone knows its type.
Read = Callable[[Any], Any]

_EPOCH = datetime.fromtimestamp(0, UTC)


def plain(message: Message) -> Plain:
    """Give what a message holds."""
    return {
        name: None if has_presence and not message.HasField(name) else read(getattr(message, name))
        for name, has_presence, read in _fields(message.DESCRIPTOR)
    }


@functools.cache
def unset(message_type: Descriptor) -> Plain:
    """Give what a message holds of which nothing is set."""
    return plain(GetMessageClass(message_type)())


def moment(time: Plain | None) -> datetime:
    """Give a time, to microseconds; it is the epoch where it is not set."""
    return _EPOCH if time is None else _EPOCH + timedelta(0, time["seconds"], time["nanos"] // 1000)


@functools.cache
def _fields(message_type: Descriptor) -> Sequence[tuple[str, bool, Read]]:
    return [(field.name, field.has_presence, _read_field(field)) for field in message_type.fields]


def _read_field(field: FieldDescriptor) -> Read:
    if field.message_type is None:
        return list if field.is_repeated else _content
    if field.message_type.GetOptions().map_entry:
        read = _read_field(field.message_type.fields_by_name["value"])
        return lambda entries: {key: read(entries[key]) for key in sorted(entries)}
    return (lambda messages: [plain(message) for message in messages]) if field.is_repeated else plain


def _content(content: Any) -> Any:  # noqa: ANN401 - what a field holds
    return content
