"""Decoding of document fields into messages."""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from google_apis.firestore.document_pb2 import Value
from shared.domain.plain import Plain, unset
from shared.store.codec.kinds import Fields, Key, is_map, message_type_of, value_kind

M = TypeVar("M", bound=Message)

# Any: an argument of a message's constructor. Only the descriptor has its type.
Decoder = Callable[[Value], Any]
T = TypeVar("T")
# A field's name, what decodes its values, and its default.
_Fields = Sequence[tuple[str, T, Any]]

_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: range(-(2**31), 2**31),
    FieldDescriptor.CPPTYPE_INT64: range(-(2**63), 2**63),
    FieldDescriptor.CPPTYPE_UINT32: range(2**32),
    FieldDescriptor.CPPTYPE_UINT64: range(2**64),
    FieldDescriptor.CPPTYPE_ENUM: range(-(2**31), 2**31),
}
MAX_CACHED_VALUES = 512  # values of a field
MAX_CACHED_BYTES = 1024  # bytes
_BOOLS = {"false": False, "true": True}
_DECIMAL = re.compile(r"0|-?[1-9][0-9]*")


class DecodeError(ValueError):
    """A document has a value that its message cannot contain.

    Attributes:
        field: the full name of the message's field, such as `inventory.v1.NIC.mac`.
        expected: what the field can contain, such as `string_value`.
        found: what the document contains, such as `integer_value`.
    """

    def __init__(self, field: FieldDescriptor, expected: str, found: str) -> None:
        super().__init__(f"{field.full_name} takes {expected}, the document has {found}")
        self.field = field.full_name
        self.expected = expected
        self.found = found


def decode(fields: Fields, message_class: type[M]) -> M:
    """Decode the fields of a document or map value into a message.

    Raises:
        DecodeError: a value is not of its field's kind, or not in its range.
    """
    return message_class(**decode_plain(fields, message_class))


def decode_plain(fields: Fields, message_class: type[Message]) -> Plain:
    """Decode the fields of a document or map value into plain values.

    The result must not be changed, because documents can share cached values.

    Raises:
        DecodeError: a value is not of its field's kind, or not in its range.
    """
    return _values(_fields(message_class.DESCRIPTOR), fields)


def decode_serialized(fields: Mapping[str, bytes], message_class: type[Message]) -> Plain:
    """Decode the fields of a document whose values are serialized into plain values.

    The result must not be changed: see `decode_plain`.

    Raises:
        DecodeError: a value is not of its field's kind, or not in its range.
    """
    return {
        name: cache[fields[name]] if name in fields else default
        for name, cache, default in _cached_fields(message_class.DESCRIPTOR)
    }


class ValueCache(dict[bytes, Any]):
    """A cache of a field's decoded values by their bytes: thousands of machines have the same values.

    Only small values are cached. When the cache is full, it is cleared.
    """

    def __init__(self, decode_value: Decoder) -> None:
        super().__init__()
        self._decode = decode_value

    def __missing__(self, serialized: bytes) -> Any:  # noqa: ANN401 - of the field's type
        content = self._decode(Value.FromString(serialized))
        if len(serialized) <= MAX_CACHED_BYTES:
            if len(self) >= MAX_CACHED_VALUES:
                self.clear()
            self[serialized] = content
        return content

    def decode_value(self, value: Value) -> Any:  # noqa: ANN401 - of the field's type
        """Return the decoded content of a value that is not serialized."""
        return self[value.SerializeToString()]


@functools.cache
def _cached_fields(message_type: Descriptor) -> _Fields[ValueCache]:
    defaults = unset(message_type)
    return [
        (field.name, ValueCache(_field_decoder(field)), defaults[field.name]) for field in message_type.fields
    ]


def _values(message_fields: _Fields[Decoder], fields: Fields) -> Plain:
    return {
        name: decode_value(fields[name]) if name in fields else default
        for name, decode_value, default in message_fields
    }


@functools.cache
def _fields(message_type: Descriptor) -> _Fields[Decoder]:
    # To serialize arrays and maps again and use the cache is faster than to decode them.
    return [
        (name, cache.decode_value if field.is_repeated else _field_decoder(field), default)
        for field, (name, cache, default) in zip(
            message_type.fields, _cached_fields(message_type), strict=True
        )
    ]


def _field_decoder(field: FieldDescriptor) -> Decoder:
    if is_map(field):
        return _map_decoder(field)
    decode_value = _element_decoder(field)
    return _array_decoder(field, decode_value) if field.is_repeated else decode_value


def _element_decoder(field: FieldDescriptor) -> Decoder:
    kind = value_kind(field)
    if kind == "map_value":
        message_type, empty = message_type_of(field), _empty(field, kind)
        # Looked up only if there is a value, because a message can contain messages of its own type.
        return lambda value: _values(_fields(message_type), value.map_value.fields or empty(value).fields)
    if kind == "timestamp_value":
        return _timestamp_decoder(_empty(field, kind))
    content = _CONTENTS[kind](_empty(field, kind))
    if field.cpp_type == FieldDescriptor.CPPTYPE_UINT64:
        return lambda value: content(value) % 2**64
    # Integers of the store are always within int64.
    if field.cpp_type in _RANGES and field.cpp_type != FieldDescriptor.CPPTYPE_INT64:
        return _range_decoder(field, content)
    return content


def _range_decoder(field: FieldDescriptor, content: Decoder) -> Decoder:
    numbers = _RANGES[field.cpp_type]

    def decode_in_range(value: Value) -> int:
        number: int = content(value)
        if number not in numbers:
            raise DecodeError(field, f"{numbers[0]} to {numbers[-1]}", str(number))
        return number

    return decode_in_range


def _array_decoder(field: FieldDescriptor, decode_value: Decoder) -> Decoder:
    empty = _empty(field, "array_value")

    def decode_array(value: Value) -> list[Any]:
        elements = value.array_value.values
        if not elements:
            empty(value)
        return [decode_value(element) for element in elements]

    return decode_array


def _map_decoder(field: FieldDescriptor) -> Decoder:
    empty = _empty(field, "map_value")
    entry = message_type_of(field).fields_by_name
    decode_key = _key_decoder(entry["key"])
    decode_value = _element_decoder(entry["value"])

    def decode_map(value: Value) -> dict[Key, Any]:
        elements = value.map_value.fields
        if not elements:
            empty(value)
        # Sorted, as in responses. A message has them in any order.
        return dict(sorted((decode_key(key), decode_value(elements[key])) for key in elements))

    return decode_map


def _key_decoder(field: FieldDescriptor) -> Callable[[str], Key]:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return lambda text: text
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return functools.partial(_bool_key, field)
    return functools.partial(_integer_key, field)


def _bool_key(field: FieldDescriptor, text: str) -> bool:
    if text not in _BOOLS:
        raise DecodeError(field, "true or false", repr(text))
    return _BOOLS[text]


def _integer_key(field: FieldDescriptor, text: str) -> int:
    numbers = _RANGES[field.cpp_type]
    # Only canonical decimals: "1", "01" and "1_0" are different keys in the document.
    if not _DECIMAL.fullmatch(text) or int(text) not in numbers:
        raise DecodeError(field, f"{numbers[0]} to {numbers[-1]}", repr(text))
    return int(text)


def _timestamp_decoder(empty: Decoder) -> Decoder:
    def decode_timestamp(value: Value) -> dict[str, int]:
        content = value.timestamp_value
        seconds = content.seconds or empty(value).seconds
        # Not the message itself, because Timestamp is another class in another descriptor pool.
        return {"seconds": seconds, "nanos": content.nanos}

    return decode_timestamp


# A value that is neither empty nor zero is present; to test that is faster than `HasField`.
_CONTENTS: Mapping[str, Callable[[Decoder], Decoder]] = {
    "integer_value": lambda empty: lambda value: value.integer_value or empty(value),
    "double_value": lambda empty: lambda value: value.double_value or empty(value),
    "boolean_value": lambda empty: lambda value: value.boolean_value or empty(value),
    "string_value": lambda empty: lambda value: value.string_value or empty(value),
    "bytes_value": lambda empty: lambda value: value.bytes_value or empty(value),
}


def _empty(field: FieldDescriptor, kind: str) -> Decoder:
    """Return a function that decodes an empty or zero value, and raises if there is no value of the kind."""

    def empty(value: Value) -> Any:  # noqa: ANN401 - of the type that the kind says
        if not value.HasField(kind):
            raise DecodeError(field, kind, value.WhichOneof("value_type") or "no value")
        return getattr(value, kind)

    return empty
