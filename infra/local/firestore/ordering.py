"""Encoding of values as bytes that sort in Firestore's order of values.

The order of types, and of values of a type: https://firebase.google.com/docs/firestore/manage-data/data-types

Equal values have equal encodings (also the integer 1 and the double 1.0). No encoding is a prefix of another,
so encodings can be concatenated to keys of an index over several fields. No encoding starts with 0x00, 0x01
or 0xFF, whether ascending or inverted for descending order.
"""

import math
import re
import struct
from collections.abc import Callable, Mapping

from google_apis.firestore.document_pb2 import Value
from infra.local.firestore import bson
from infra.local.status_errors import InvalidArgument

# Sorts after every encoding. Appended to a complete encoding, it sorts after everything with that prefix.
AFTER = b"\xff"

# The first byte of an encoding defines the order of types.
NULL = b"\x10"
MIN_KEY = b"\x11"
FALSE = b"\x12"
TRUE = b"\x13"
NAN = b"\x14"
NUMBER = b"\x15"
TIMESTAMP = b"\x16"
BSON_TIMESTAMP = b"\x17"
STRING = b"\x18"
BYTES = b"\x19"
BSON_BINARY = b"\x1a"
REFERENCE = b"\x1b"
OBJECT_ID = b"\x1c"
GEO_POINT = b"\x1d"
REGEX = b"\x1e"
ARRAY = b"\x1f"
VECTOR = b"\x20"
MAP = b"\x21"
MAX_KEY = b"\x22"
# Types with two first bytes each, because such values are compared with each other.
_TYPE_RANGES = {FALSE: (FALSE, NAN), TRUE: (FALSE, NAN), NAN: (NAN, TIMESTAMP), NUMBER: (NAN, TIMESTAMP)}

_END = b"\x01"  # ends an encoding with several parts, and sorts before every part
_INVERTED = bytes(255 - byte for byte in range(256))
_SIGN = 1 << 63
_ALL_BITS = (1 << 64) - 1
_NUMERIC_ID = re.compile(r"__id(-?\d+)__")
_number = struct.Struct(">QH").pack
_timestamp = struct.Struct(">QI").pack
_double = struct.Struct(">d").pack
_bits = struct.Struct(">Q")


def encode(value: Value) -> bytes:
    """Encode a value for ascending order."""
    kind = value.WhichOneof("value_type")
    encoder = _ENCODERS.get(kind or "")
    if encoder is None:
        raise InvalidArgument(f"A value has no type that can be stored: {kind}")
    return encoder(value)


def descending(encoded: bytes) -> bytes:
    """Invert an encoding for descending order."""
    return encoded.translate(_INVERTED)


def after(beginning: bytes) -> bytes:
    """Return the least bytes that sort after everything with a prefix, which can be a partial encoding."""
    kept = beginning.rstrip(AFTER)  # no byte is greater than these
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else AFTER


def type_range(encoded: bytes) -> tuple[bytes, bytes]:
    """Return the range (start, exclusive end) of all encodings that an encoding is compared with."""
    place = encoded[:1]
    return _TYPE_RANGES.get(place, (place, bytes([place[0] + 1])))


def encode_path(path: str) -> bytes:
    """Encode a document's path; it sorts by its segments, numeric ids first."""
    return encode_collection(path) + _END


def encode_collection(path: str) -> bytes:
    """Encode a collection's path as the prefix of its documents' encoded paths."""
    return b"".join(map(_segment, path.split("/")))


def encode_id(identifier: str) -> bytes:
    """Encode a document's id, which follows its collection in its encoded path."""
    return _segment(identifier) + _END


def _segment(segment: str) -> bytes:
    if segment.startswith("__"):
        numeric = _NUMERIC_ID.fullmatch(segment)
        if numeric:
            return b"\x10" + _bits.pack(int(numeric[1]) + _SIGN & _ALL_BITS)
    return b"\x11" + _text(segment.encode())


def _text(raw: bytes) -> bytes:
    if b"\x00" in raw:
        raw = raw.replace(b"\x00", b"\x00\xff")
    return raw + b"\x00\x01"


def _ordered_bits(number: float) -> int:
    """Return the bits of a double as an integer with the same order."""
    bits: int = _bits.unpack(_double(number + 0.0))[0]  # -0.0 + 0.0 is 0.0
    return ~bits & _ALL_BITS if bits & _SIGN else bits | _SIGN


def _encode_number(number: float) -> bytes:
    """Encode an integer or a double."""
    if isinstance(number, int):
        nearest = float(number)
        # Beyond 2**53, several integers have the same nearest double; the difference to it orders them.
        return NUMBER + _number(_ordered_bits(nearest), number - int(nearest) + 0x8000)
    return NAN if math.isnan(number) else NUMBER + _number(_ordered_bits(number), 0x8000)


def _encode_integer(value: Value) -> bytes:
    return _encode_number(value.integer_value)


def _encode_double(value: Value) -> bytes:
    return _encode_number(value.double_value)


def _encode_boolean(value: Value) -> bytes:
    return TRUE if value.boolean_value else FALSE


def _encode_null(_: Value) -> bytes:
    return NULL


def _encode_timestamp(value: Value) -> bytes:
    timestamp = value.timestamp_value
    return TIMESTAMP + _timestamp(timestamp.seconds + _SIGN, timestamp.nanos)


def _encode_string(value: Value) -> bytes:
    return STRING + _text(value.string_value.encode())


def _encode_bytes(value: Value) -> bytes:
    return BYTES + _text(value.bytes_value)


def _encode_reference(value: Value) -> bytes:
    return REFERENCE + encode_path(value.reference_value)


def _encode_geo_point(value: Value) -> bytes:
    point = value.geo_point_value
    return GEO_POINT + _bits.pack(_ordered_bits(point.latitude)) + _bits.pack(_ordered_bits(point.longitude))


def _encode_array(value: Value) -> bytes:
    return ARRAY + b"".join(map(encode, value.array_value.values)) + _END


def _encode_map(value: Value) -> bytes:
    fields = value.map_value.fields
    if is_vector(fields):
        elements = fields["value"].array_value.values
        return VECTOR + _bits.pack(len(elements)) + b"".join(map(encode, elements))
    special = bson.kind(fields)
    if special is not None:
        return _BSON_ENCODERS[special](fields[special])
    parts = [b"\x10" + _text(name.encode()) + encode(fields[name]) for name in _sorted_names(fields)]
    return MAP + b"".join(parts) + _END


def _encode_parts(value: Value, *names: str) -> bytes:
    return b"".join(encode(value.map_value.fields[name]) for name in names)


def is_vector(fields: Mapping[str, Value]) -> bool:
    """Return whether a map represents a vector."""
    return "__type__" in fields and fields["__type__"].string_value == "__vector__" and "value" in fields


def is_map(value: Value) -> bool:
    """Return whether a value is a map, and not of a type that is represented by one."""
    fields = value.map_value.fields
    return value.HasField("map_value") and not is_vector(fields) and bson.kind(fields) is None


def _sorted_names(fields: Mapping[str, Value]) -> list[str]:
    return sorted(fields, key=str.encode)


_ENCODERS = {
    "null_value": _encode_null,
    "boolean_value": _encode_boolean,
    "integer_value": _encode_integer,
    "double_value": _encode_double,
    "timestamp_value": _encode_timestamp,
    "string_value": _encode_string,
    "bytes_value": _encode_bytes,
    "reference_value": _encode_reference,
    "geo_point_value": _encode_geo_point,
    "array_value": _encode_array,
    "map_value": _encode_map,
}
_BSON_ENCODERS: Mapping[str, Callable[[Value], bytes]] = {
    bson.MIN_KEY: lambda _: MIN_KEY,
    bson.MAX_KEY: lambda _: MAX_KEY,
    bson.INT32: _encode_integer,
    # Compared as the nearest double, which is exact enough for an emulator.
    bson.DECIMAL128: lambda value: _encode_number(float(bson.decimal(value))),
    bson.OBJECT_ID: lambda value: OBJECT_ID + encode(value),
    bson.BINARY: lambda value: BSON_BINARY + encode(value),
    bson.TIMESTAMP: lambda value: BSON_TIMESTAMP + _encode_parts(value, "seconds", "increment"),
    bson.REGEX: lambda value: REGEX + _encode_parts(value, "pattern", "options"),
}
