"""Access to some fields of a stored document, without parsing the others.

An index reads one field of each document, and a query may select a few. In the wire format, a message and a
bytes field look the same, so a class with bytes fields in place of messages leaves them unparsed.
https://protobuf.dev/programming-guides/proto3/#updating
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from google_apis.firestore.document_pb2 import Document, Value
from google_apis.firestore.firestore_pb2 import BatchGetDocumentsResponse, RunQueryResponse

_PACKAGE = "infra.local.firestore.partial"
_Field = descriptor_pb2.FieldDescriptorProto


def parse(data: bytes, names: Iterable[str]) -> Document:
    """Parse a document with only the fields of these names."""
    unparsed = _UnparsedDocument.FromString(data)
    document = Document(name=unparsed.name)
    document.create_time.MergeFromString(unparsed.create_time)
    document.update_time.MergeFromString(unparsed.update_time)
    for name in names:
        if name in unparsed.fields:
            document.fields[name].MergeFromString(unparsed.fields[name])
    return document


def fields(data: bytes) -> Mapping[str, bytes]:
    """Return the fields of a document with serialized values."""
    found: Mapping[str, bytes] = _UnparsedDocument.FromString(data).fields
    return found


def map_entries(value: bytes) -> Sequence[bytes]:
    """Return the serialized entries of a serialized value; none if it is not a map."""
    entries: Sequence[bytes] = _Entries.FromString(_UnparsedValue.FromString(value).map_value).fields
    return entries


def project(data: bytes, names: Container[str]) -> bytes:
    """Return a serialized document with only the fields of these names."""
    document = _UnparsedDocument.FromString(data)
    for name in list(document.fields):
        if name not in names:
            del document.fields[name]
    projected: bytes = document.SerializeToString()
    return projected


def replace(data: bytes, names: Iterable[str], source: Document) -> bytes:
    """Return a serialized document with the fields of these names, the name and the times of another.

    All other fields keep their bytes, so whoever compares them sees that they are the same.
    """
    document = _UnparsedDocument.FromString(data)
    document.name = source.name
    document.create_time = source.create_time.SerializeToString()
    document.update_time = source.update_time.SerializeToString()
    for name in names:
        if name in source.fields:
            document.fields[name] = source.fields[name].SerializeToString()
        elif name in document.fields:
            del document.fields[name]
    replaced: bytes = document.SerializeToString()
    return replaced


def query_response(document: bytes, read_time: bytes) -> Message:
    """Return a response of a query, made from its serialized parts."""
    response: Message = _UnparsedQueryResponse(document=document, read_time=read_time)
    return response


def found_response(document: bytes, read_time: bytes) -> Message:
    """Return a response with a requested document, made from its serialized parts."""
    response: Message = _UnparsedGetResponse(found=document, read_time=read_time)
    return response


def _unparsed(message: Any) -> Any:  # noqa: ANN401 - a descriptor, and a class that is made here
    """Make a class with the same fields, but bytes instead of messages, also for the values of maps."""
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
    return _class_of(file)


def _list_of_bytes(name: str) -> Any:  # noqa: ANN401 - a class that is made here
    """Make a class that parses a message with one repeated field into its serialized elements."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=_PACKAGE, syntax="proto3")
    file.message_type.add(name=name).field.add(
        name="fields", number=1, type=_Field.TYPE_BYTES, label=_Field.LABEL_REPEATED
    )
    return _class_of(file)


def _class_of(file: descriptor_pb2.FileDescriptorProto) -> Any:  # noqa: ANN401 - a class that is made here
    _POOL.Add(file)
    name = file.message_type[0].name
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


_POOL = descriptor_pool.DescriptorPool()
_UnparsedDocument = _unparsed(Document.DESCRIPTOR)
_UnparsedValue = _unparsed(Value.DESCRIPTOR)
_UnparsedQueryResponse = _unparsed(RunQueryResponse.DESCRIPTOR)
_UnparsedGetResponse = _unparsed(BatchGetDocumentsResponse.DESCRIPTOR)
_Entries = _list_of_bytes("Entries")  # of a map, which is a list of entries in the wire format
