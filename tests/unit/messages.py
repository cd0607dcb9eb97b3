"""A Hypothesis strategy for protobuf messages of any type, driven by descriptors."""

import functools
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

M = TypeVar("M", bound=Message)

_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: st.integers(-(2**31), 2**31 - 1),  # mostly numbers without a name
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
}
_TIMESTAMPS = st.builds(
    lambda seconds, nanos: {"seconds": seconds, "nanos": nanos},
    st.integers(-62_135_596_800, 253_402_300_799),  # the years 1 to 9999
    st.integers(0, 999_999_999),
)
_DEPTH = 2


def messages(message_class: type[M]) -> st.SearchStrategy[M]:
    """Messages with up to eight fields set to any valid values."""
    return _arguments(message_class.DESCRIPTOR, _DEPTH).map(lambda fields: message_class(**fields))


@functools.cache
def _arguments(message_type: Descriptor, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    fields = [field for field in message_type.fields if depth or not _holds_messages(field)]
    contents = st.one_of([st.tuples(st.just(field.name), _contents(field, depth)) for field in fields])
    return st.lists(contents, max_size=8).map(dict)


def _contents(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        return st.dictionaries(_elements(key, depth), _elements(value, depth), max_size=3)
    elements = _elements(field, depth)
    return st.lists(elements, max_size=3) if field.is_repeated else elements


def _elements(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        if field.message_type.full_name == "google.protobuf.Timestamp":
            return _TIMESTAMPS
        return _arguments(field.message_type, depth - 1)
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return st.binary() if field.type == FieldDescriptor.TYPE_BYTES else st.text()
    return _SCALARS[field.cpp_type]


def _holds_messages(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.full_name != "google.protobuf.Timestamp"
