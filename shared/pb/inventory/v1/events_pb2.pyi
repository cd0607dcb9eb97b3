from shared.pb.inventory.v1 import machine_pb2 as _machine_pb2
from shared.pb.inventory.v1 import pool_pb2 as _pool_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PoolChange(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POOL_CHANGE_UNSPECIFIED: _ClassVar[PoolChange]
    POOL_CHANGE_CREATED: _ClassVar[PoolChange]
    POOL_CHANGE_UPDATED: _ClassVar[PoolChange]
    POOL_CHANGE_DELETED: _ClassVar[PoolChange]
    POOL_CHANGE_MACHINES_ADDED: _ClassVar[PoolChange]
    POOL_CHANGE_MACHINES_REMOVED: _ClassVar[PoolChange]
POOL_CHANGE_UNSPECIFIED: PoolChange
POOL_CHANGE_CREATED: PoolChange
POOL_CHANGE_UPDATED: PoolChange
POOL_CHANGE_DELETED: PoolChange
POOL_CHANGE_MACHINES_ADDED: PoolChange
POOL_CHANGE_MACHINES_REMOVED: PoolChange

class MachineCreated(_message.Message):
    __slots__ = ("machine",)
    MACHINE_FIELD_NUMBER: _ClassVar[int]
    machine: _machine_pb2.Machine
    def __init__(self, machine: _Optional[_Union[_machine_pb2.Machine, _Mapping]] = ...) -> None: ...

class MachineUpdated(_message.Message):
    __slots__ = ("before", "after", "changed_fields")
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELDS_FIELD_NUMBER: _ClassVar[int]
    before: _machine_pb2.Machine
    after: _machine_pb2.Machine
    changed_fields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, before: _Optional[_Union[_machine_pb2.Machine, _Mapping]] = ..., after: _Optional[_Union[_machine_pb2.Machine, _Mapping]] = ..., changed_fields: _Optional[_Iterable[str]] = ...) -> None: ...

class MachineDeleted(_message.Message):
    __slots__ = ("machine", "version")
    MACHINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    machine: _machine_pb2.Machine
    version: int
    def __init__(self, machine: _Optional[_Union[_machine_pb2.Machine, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class PoolChanged(_message.Message):
    __slots__ = ("pool", "change", "machines", "version")
    POOL_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    MACHINES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    pool: _pool_pb2.Pool
    change: PoolChange
    machines: _containers.RepeatedCompositeFieldContainer[MachineVersion]
    version: int
    def __init__(self, pool: _Optional[_Union[_pool_pb2.Pool, _Mapping]] = ..., change: _Optional[_Union[PoolChange, str]] = ..., machines: _Optional[_Iterable[_Union[MachineVersion, _Mapping]]] = ..., version: _Optional[int] = ...) -> None: ...

class MachineVersion(_message.Message):
    __slots__ = ("id", "version")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    id: str
    version: int
    def __init__(self, id: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...
