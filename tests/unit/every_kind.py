"""A message type with fields of every kind, in its own descriptor pool.

For each kind, such as `int32`, `EveryKind` has the fields `int32`, `optional_int32`, `repeated_int32`,
`one_int32` (members of one oneof) and `by_string_int32` (a map). For each kind that can be a map's key, it
also has a map such as `int32_keys`.
"""

from itertools import count
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import DESCRIPTOR as TIMESTAMP

F = FieldDescriptorProto
Kind = dict[str, Any]  # the fields of a FieldDescriptorProto that define it
ONE: Kind = {"label": F.LABEL_OPTIONAL}
MANY: Kind = {"label": F.LABEL_REPEATED}
KINDS: dict[str, Kind] = {
    "int32": {"type": F.TYPE_INT32},
    "int64": {"type": F.TYPE_INT64},
    "uint32": {"type": F.TYPE_UINT32},
    "uint64": {"type": F.TYPE_UINT64},
    "sint32": {"type": F.TYPE_SINT32},
    "sint64": {"type": F.TYPE_SINT64},
    "fixed32": {"type": F.TYPE_FIXED32},
    "fixed64": {"type": F.TYPE_FIXED64},
    "sfixed32": {"type": F.TYPE_SFIXED32},
    "sfixed64": {"type": F.TYPE_SFIXED64},
    "bool": {"type": F.TYPE_BOOL},
    "string": {"type": F.TYPE_STRING},
    "bytes": {"type": F.TYPE_BYTES},
    "float": {"type": F.TYPE_FLOAT},
    "double": {"type": F.TYPE_DOUBLE},
    "color": {"type": F.TYPE_ENUM, "type_name": ".test.Color"},
    "time": {"type": F.TYPE_MESSAGE, "type_name": ".google.protobuf.Timestamp"},
    "nested": {"type": F.TYPE_MESSAGE, "type_name": ".test.EveryKind"},
}
MAP_KEYS = [name for name in KINDS if name not in {"bytes", "float", "double", "color", "time", "nested"}]


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(
        name="every_kind.proto", package="test", syntax="proto3", dependency=[TIMESTAMP.name]
    )
    color = file.enum_type.add(name="Color")
    color.value.add(name="COLOR_UNSPECIFIED", number=0)
    color.value.add(name="COLOR_RED", number=1)
    _add_fields(file.message_type.add(name="EveryKind"))
    return file


def _add_fields(message: DescriptorProto) -> None:
    numbers = count(1)
    message.oneof_decl.add(name="one")
    for name, kind in KINDS.items():
        message.field.add(name=name, number=next(numbers), **ONE, **kind)
        message.field.add(name=f"one_{name}", number=next(numbers), oneof_index=0, **ONE, **kind)
        message.field.add(name=f"repeated_{name}", number=next(numbers), **MANY, **kind)
        _add_map(message, f"by_string_{name}", next(numbers), KINDS["string"], kind)
    for name in MAP_KEYS:
        _add_map(message, f"{name}_keys", next(numbers), KINDS[name], KINDS["int64"])
    for index, (name, kind) in enumerate(KINDS.items(), start=1):
        # proto3's `optional` is a oneof with one member; such oneofs must come after all others.
        message.oneof_decl.add(name=f"_optional_{name}")
        optional = {"oneof_index": index, "proto3_optional": True}
        message.field.add(name=f"optional_{name}", number=next(numbers), **optional, **ONE, **kind)


def _add_map(message: DescriptorProto, name: str, number: int, key: Kind, value: Kind) -> None:
    entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, **ONE, **key)
    entry.field.add(name="value", number=2, **ONE, **value)
    kind = {"type": F.TYPE_MESSAGE, "type_name": f".test.EveryKind.{entry.name}"}
    message.field.add(name=name, number=number, **MANY, **kind)


def _message_class() -> type[Message]:
    pool = DescriptorPool()
    timestamp = FileDescriptorProto()
    TIMESTAMP.CopyToProto(timestamp)
    pool.Add(timestamp)
    pool.Add(_file())
    return GetMessageClass(pool.FindMessageTypeByName("test.EveryKind"))


# Any, because type checkers do not know its fields.
EveryKind: Any = _message_class()
