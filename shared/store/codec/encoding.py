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
Encoder = Callable[[Any], Argument]


def encode(message: Message, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Return a message as the argument `fields` of the constructor of `Document` (or `MapValue`).

    Args:
        message: the message.
        names: the names of the fields to encode; all fields without it.
    """
    fields = _fields(message.DESCRIPTOR)
    wanted = fields.values() if names is None else [fields[name] for name in names]
    return {
        name: encode_value(getattr(message, name))
        for name, has_presence, encode_value in wanted
        if not has_presence or message.HasField(name)
    }


@functools.cache
def _fields(message_type: Descriptor) -> Mapping[str, tuple[str, bool, Encoder]]:
    return {
        field.name: (field.name, field.has_presence, _field_encoder(field)) for field in message_type.fields
    }


def _field_encoder(field: FieldDescriptor) -> Encoder:
    if is_map(field):
        return _map_encoder(_element_encoder(message_type_of(field).fields_by_name["value"]))
    encode_value = _element_encoder(field)
    return _array_encoder(encode_value) if field.is_repeated else encode_value


def _element_encoder(field: FieldDescriptor) -> Encoder:
    match value_kind(field):
        case "map_value":
            return _encode_message
        case "timestamp_value":
            return _encode_timestamp
        case kind if field.cpp_type == FieldDescriptor.CPPTYPE_UINT64:
            return lambda number: {kind: number - (number >> 63 << 64)}
        case kind:
            return lambda element: {kind: element}


def _array_encoder(encode_value: Encoder) -> Encoder:
    def encode_array(elements: Iterable[Any]) -> Argument:
        return {"array_value": {"values": [encode_value(element) for element in elements]}}

    return encode_array


def _map_encoder(encode_value: Encoder) -> Encoder:
    def encode_map(elements: Mapping[Key, Any]) -> Argument:
        return {"map_value": {"fields": {_key_text(key): encode_value(elements[key]) for key in elements}}}

    return encode_map


def _key_text(key: Key) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _encode_message(message: Message) -> Argument:
    return {"map_value": {"fields": encode(message)}}


def _encode_timestamp(time: Timestamp) -> Argument:
    # Not the message itself, because Timestamp is another class in another descriptor pool.
    return {"timestamp_value": {"seconds": time.seconds, "nanos": time.nanos}}
