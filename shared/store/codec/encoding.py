"""Encoding of messages into document fields."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from shared.store.codec.kinds import Key, is_map, message_type_of, value_kind

# A value as an argument of a constructor: the name of the member of `Value`, and its content.
Argument = dict[str, Any]

# Any: a field's value, or one element of it. Only the descriptor has its type.
Give = Callable[[Any], Argument]


def encode(message: Message, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Return a message as the argument `fields` of the constructor of `Document` (or `MapValue`).

    Args:
        message: the message.
        names: the names of the fields to encode; all fields without it.
    """
    fields = _fields(message.DESCRIPTOR)
    wanted = fields.values() if names is None else [fields[name] for name in names]
    return {
        name: give(getattr(message, name))
        for name, has_presence, give in wanted
        if not has_presence or message.HasField(name)
    }


@functools.cache
def _fields(message_type: Descriptor) -> Mapping[str, tuple[str, bool, Give]]:
    return {field.name: (field.name, field.has_presence, _give_field(field)) for field in message_type.fields}


def _give_field(field: FieldDescriptor) -> Give:
    if is_map(field):
        return _give_map(_give_element(message_type_of(field).fields_by_name["value"]))
    give = _give_element(field)
    return _give_array(give) if field.is_repeated else give


def _give_element(field: FieldDescriptor) -> Give:
    match value_kind(field):
        case "map_value":
            return _give_message
        case "timestamp_value":
            return _give_timestamp
        case kind if field.cpp_type == FieldDescriptor.CPPTYPE_UINT64:
            return lambda number: {kind: number - (number >> 63 << 64)}
        case kind:
            return lambda element: {kind: element}


def _give_array(give: Give) -> Give:
    def give_array(elements: Iterable[Any]) -> Argument:
        return {"array_value": {"values": [give(element) for element in elements]}}

    return give_array


def _give_map(give: Give) -> Give:
    def give_map(elements: Mapping[Key, Any]) -> Argument:
        return {"map_value": {"fields": {_key_text(key): give(elements[key]) for key in elements}}}

    return give_map


def _key_text(key: Key) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _give_message(message: Message) -> Argument:
    return {"map_value": {"fields": encode(message)}}


def _give_timestamp(time: Timestamp) -> Argument:
    # Not the message itself, because Timestamp is another class in another descriptor pool.
    return {"timestamp_value": {"seconds": time.seconds, "nanos": time.nanos}}
