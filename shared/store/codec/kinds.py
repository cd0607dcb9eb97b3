"""The kinds of Firestore values that fields of messages become."""

from collections.abc import Mapping

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from google_apis.firestore.document_pb2 import Value

# The fields of a document or map value.
Fields = Mapping[str, Value]

Key = int | bool | str

_SCALARS = {
    FieldDescriptor.CPPTYPE_INT32: "integer_value",
    FieldDescriptor.CPPTYPE_INT64: "integer_value",
    FieldDescriptor.CPPTYPE_UINT32: "integer_value",
    FieldDescriptor.CPPTYPE_UINT64: "integer_value",
    FieldDescriptor.CPPTYPE_ENUM: "integer_value",
    FieldDescriptor.CPPTYPE_DOUBLE: "double_value",
    FieldDescriptor.CPPTYPE_FLOAT: "double_value",
    FieldDescriptor.CPPTYPE_BOOL: "boolean_value",
}


def value_kind(field: FieldDescriptor) -> str:
    """Return the name of the member of `Value` for a field's elements."""
    if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        return "timestamp_value" if _is_timestamp(field) else "map_value"
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return "bytes_value" if field.type == FieldDescriptor.TYPE_BYTES else "string_value"
    return _SCALARS[field.cpp_type]


def is_map(field: FieldDescriptor) -> bool:
    """Return whether a field is a map; in the descriptor, a map is a repeated message of keys and values."""
    return field.type == FieldDescriptor.TYPE_MESSAGE and message_type_of(field).GetOptions().map_entry


def message_type_of(field: FieldDescriptor) -> Descriptor:
    """Return the message type of a field of messages."""
    assert field.message_type is not None  # noqa: S101 - for the type checker: other fields have none
    return field.message_type


def _is_timestamp(field: FieldDescriptor) -> bool:
    return message_type_of(field).full_name == "google.protobuf.Timestamp"
