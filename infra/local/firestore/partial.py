"""Some fields of a stored document, without parsing the others.

An index looks at one field of each document, and a query may ask for a few. On the wire a message and its
bytes are the same, so a class that has bytes in the place of messages leaves them unparsed.
https://protobuf.dev/programming-guides/proto3/#updating
"""

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from infra.local.firestore.pb.document_pb2 import Document, MapValue, Value

_PACKAGE = "infra.local.firestore.partial"
_Field = descriptor_pb2.FieldDescriptorProto


def parse(data: bytes, names: Iterable[str]) -> Document:
    """Parse a document with its fields of these names, and no others."""
    unparsed = _UnparsedDocument.FromString(data)
    document = Document(name=unparsed.name)
    document.create_time.MergeFromString(unparsed.create_time)
    document.update_time.MergeFromString(unparsed.update_time)
    for name in names:
        if name in unparsed.fields:
            document.fields[name].MergeFromString(unparsed.fields[name])
    return document


def parse_map(data: bytes, name: str) -> Mapping[str, bytes]:
    """Parse a field of a document that is a map, but not the values in it; empty if it is none."""
    value = _UnparsedDocument.FromString(data).fields.get(name, b"")
    fields: Mapping[str, bytes] = _UnparsedMap.FromString(_UnparsedValue.FromString(value).map_value).fields
    return fields


def _unparsed(pool: descriptor_pool.DescriptorPool, message: Any) -> Any:  # noqa: ANN401 - descriptors, and a class that is made here
    """Make a class of the same fields, with bytes for messages, also as the values of a map."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{message.name}.proto", package=_PACKAGE, syntax="proto3")
    copy = file.message_type.add()
    message.CopyToProto(copy)
    del copy.oneof_decl[:]
    entries = {f".{message.full_name}.{entry.name}" for entry in copy.nested_type}
    for field in (*copy.field, *(field for entry in copy.nested_type for field in entry.field)):
        field.ClearField("oneof_index")
        if field.type_name in entries:
            field.type_name = field.type_name.replace(f".{message.file.package}", f".{_PACKAGE}", 1)
        elif field.type_name:
            field.ClearField("type_name")
            field.type = _Field.TYPE_BYTES
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{message.name}"))


_POOL = descriptor_pool.DescriptorPool()
_UnparsedDocument = _unparsed(_POOL, Document.DESCRIPTOR)
_UnparsedMap = _unparsed(_POOL, MapValue.DESCRIPTOR)
_UnparsedValue = _unparsed(_POOL, Value.DESCRIPTOR)
