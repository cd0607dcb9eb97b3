"""Messages as plain values, which take less time to pass on than messages do."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

# All fields of a message by their names, in its order. A message inside is such a mapping too, a repeated
# field a list, a map a dictionary in the order of its keys, a time its seconds and nanos. A field that is not
# set is None if it has presence, and else its default. The message's constructor takes just these.
Plain = Mapping[str, Any]

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
def _fields(message_type: Descriptor) -> Sequence[tuple[str, bool, Callable[[Any], Any]]]:
    return [
        (field.name, field.has_presence, _elements if field.is_repeated else _element)
        for field in message_type.fields
    ]


def _elements(container: Mapping[Any, Any] | Iterable[Any]) -> dict[Any, Any] | list[Any]:
    if isinstance(container, Mapping):
        return {key: _element(container[key]) for key in sorted(container)}
    return [_element(element) for element in container]


def _element(content: Any) -> Any:  # noqa: ANN401 - what a field holds
    return plain(content) if isinstance(content, Message) else content
