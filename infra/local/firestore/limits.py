"""The limits of documents: the rules for their values, and their size.

https://firebase.google.com/docs/firestore/quotas and, for sizes,
https://firebase.google.com/docs/firestore/storage-size
"""

from collections.abc import Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from google_apis.firestore.document_pb2 import Document, Value
from infra.local.firestore import bson, names, ordering
from infra.local.status_errors import InvalidArgument

MAX_REQUEST_BYTES = 10 * 1024 * 1024
# Of the documents that a commit deletes or changes, even if it sends only a part of each. For deletions,
# production is known to reject more: https://github.com/firebase/firebase-tools/issues/1036. It counts index
# entries too, which is not done here.
MAX_CHANGED_BYTES = 10 * 1024 * 1024
MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_FIELD_BYTES = MAX_DOCUMENT_BYTES - 89
MAX_FIELD_NAME_BYTES = 1500
MAX_DEPTH = 20
MAX_DIMENSIONS = 2048
MAX_TRANSFORMS = 500

_YEARS_1_TO_9999 = range(-62_135_596_800, 253_402_300_800)  # in seconds since 1970
_NANOSECONDS = range(1_000_000_000)
_MAX_LATITUDE = 90
_MAX_LONGITUDE = 180
# A value's size is at most four times its serialized length (an empty geo point in an array: 16 and 4 bytes).
# So only larger documents are measured.
_SURELY_SMALL = MAX_DOCUMENT_BYTES // 4 - names.MAX_NAME_BYTES
_FIXED_SIZES = {"null_value": 1, "boolean_value": 1, "integer_value": 8, "double_value": 8}
_FIXED_SIZES |= {"timestamp_value": 8, "geo_point_value": 16}
_PLAIN = {"null_value", "boolean_value", "integer_value", "double_value", "string_value", "bytes_value"}


def check_fields(fields: Mapping[str, Value], depth: int = 1) -> None:
    """Check the values of a document or map, and truncate its timestamps to microseconds, as stored."""
    if depth > MAX_DEPTH + 1:
        raise InvalidArgument(f"Values are nested at most {MAX_DEPTH} deep.")
    for name, value in fields.items():
        if not name or len(name) * 4 > MAX_FIELD_NAME_BYTES or name.startswith("__"):
            check_field_name(name)
        kind = value.WhichOneof("value_type")
        if kind not in _PLAIN:
            _check_value(value, kind, depth)


def check_field_name(name: str) -> None:
    """Check the name of a field, or the alias of an aggregation."""
    if not name:
        raise InvalidArgument("A field name is empty.")
    if len(name.encode()) > MAX_FIELD_NAME_BYTES:
        raise InvalidArgument(f"A field name is longer than {MAX_FIELD_NAME_BYTES} bytes.")
    if names.RESERVED.fullmatch(name):
        raise InvalidArgument(f'The field name "{name}" is reserved.')


def check_value(value: Value) -> None:
    """Check one value before it is stored, such as an element that a transform appends."""
    _check_value(value, value.WhichOneof("value_type"), 1)


def check_size(data: bytes) -> None:
    """Check that neither a serialized document nor one of its fields is too large."""
    if len(data) <= _SURELY_SMALL:
        return
    document = Document.FromString(data)
    size = _document_size(document)
    if size > MAX_DOCUMENT_BYTES:
        raise InvalidArgument(
            f"Document '{document.name}' cannot be written because its size ({size:,} bytes) exceeds"
            f" the maximum allowed size of {MAX_DOCUMENT_BYTES:,} bytes."
        )
    for name, value in document.fields.items():
        if _value_size(value) > MAX_FIELD_BYTES:
            raise InvalidArgument(f'The value of property "{name}" is longer than {MAX_FIELD_BYTES} bytes.')


def check_changed(size: int) -> None:
    """Check the total size of the documents that a commit deletes or changes."""
    if size > MAX_CHANGED_BYTES:
        raise InvalidArgument("Transaction too big. Decrease transaction size.")


def _document_size(document: Document) -> int:
    """Return the size of a document in bytes, as production bills and limits it."""
    return _name_size(document.name) + _fields_size(document.fields) + 32


def _check_value(value: Value, kind: str | None, depth: int) -> None:
    match kind:
        case "timestamp_value":
            _check_timestamp(value.timestamp_value)
        case "map_value":
            _check_map(value, depth)
        case "array_value":
            _check_elements(value, depth)
        case "reference_value":
            names.document(value.reference_value)
        case "geo_point_value":
            point = value.geo_point_value
            within = abs(point.latitude) <= _MAX_LATITUDE and abs(point.longitude) <= _MAX_LONGITUDE
            if not within:
                raise InvalidArgument("A geo point's latitude or longitude is out of range.")
        case _ if kind not in _PLAIN:
            raise InvalidArgument(f"A value has no type that can be stored: {kind}")


def _check_timestamp(timestamp: Timestamp) -> None:
    if timestamp.seconds not in _YEARS_1_TO_9999 or timestamp.nanos not in _NANOSECONDS:
        raise InvalidArgument("A timestamp must be from 0001-01-01 to 9999-12-31, with valid nanoseconds.")
    timestamp.nanos -= timestamp.nanos % 1000


def _check_map(value: Value, depth: int) -> None:
    fields = value.map_value.fields
    special = bson.kind(fields)
    if special is not None:
        bson.check(special, fields[special])
    elif ordering.is_vector(fields):
        _check_vector(fields)
    else:
        check_fields(fields, depth + 1)


def _check_elements(value: Value, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidArgument(f"Values are nested at most {MAX_DEPTH} deep.")
    for element in value.array_value.values:
        kind = element.WhichOneof("value_type")
        if kind == "array_value":
            raise InvalidArgument("Cannot convert an array value in an array value.")
        if kind not in _PLAIN:
            _check_value(element, kind, depth + 1)


def _check_vector(fields: Mapping[str, Value]) -> None:
    elements = fields["value"].array_value.values
    if len(fields) > 2 or any(not element.HasField("double_value") for element in elements):  # noqa: PLR2004 - type, value
        raise InvalidArgument("A vector must contain only doubles.")
    if not 1 <= len(elements) <= MAX_DIMENSIONS:
        raise InvalidArgument(f"A vector has from 1 to {MAX_DIMENSIONS} dimensions.")


def _fields_size(fields: Mapping[str, Value]) -> int:
    return sum(len(name.encode()) + 1 + _value_size(value) for name, value in fields.items())


def _value_size(value: Value) -> int:
    """Return the size of a value in bytes."""
    kind = value.WhichOneof("value_type") or ""
    match kind:
        case "string_value":
            return len(value.string_value.encode()) + 1
        case "bytes_value":
            return len(value.bytes_value)
        case "reference_value":
            return _name_size(value.reference_value)
        case "array_value":
            return sum(map(_value_size, value.array_value.values))
        case "map_value":
            return _fields_size(value.map_value.fields)
    return _FIXED_SIZES[kind]


def _name_size(name: str) -> int:
    segments = name.partition("/documents/")[2].split("/")
    return sum(len(segment.encode()) + 1 for segment in segments) + 16
