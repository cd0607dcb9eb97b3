"""Messages as plain values, which take less time to pass on than messages do."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.message import Message

# By the names of its fields: a message inside is such a mapping too, a repeated field a list, a map a
# dictionary. A field that is not there has its default. A time is its seconds and nanos.
Plain = Mapping[str, Any]

_EPOCH = datetime.fromtimestamp(0, UTC)


def plain(message: Message) -> Plain:
    """Give the fields of a message that are set, as what its constructor takes."""
    return {field.name: _value(value) for field, value in message.ListFields()}


def moment(time: Plain) -> datetime:
    """Give a time, to microseconds."""
    return _EPOCH + timedelta(seconds=time.get("seconds", 0), microseconds=time.get("nanos", 0) // 1000)


def _value(value: Any) -> Any:  # noqa: ANN401 - what a field holds
    if isinstance(value, Message):
        return plain(value)
    if isinstance(value, Mapping):
        return {key: _value(value[key]) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_value(element) for element in value]
    return value
