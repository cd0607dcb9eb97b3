import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MachineStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MACHINE_STATUS_UNSPECIFIED: _ClassVar[MachineStatus]
    MACHINE_STATUS_CONNECTED: _ClassVar[MachineStatus]
    MACHINE_STATUS_DISCONNECTED: _ClassVar[MachineStatus]
    MACHINE_STATUS_ERROR: _ClassVar[MachineStatus]
MACHINE_STATUS_UNSPECIFIED: MachineStatus
MACHINE_STATUS_CONNECTED: MachineStatus
MACHINE_STATUS_DISCONNECTED: MachineStatus
MACHINE_STATUS_ERROR: MachineStatus

class CPU(_message.Message):
    __slots__ = ("manufacturer", "clock_frequency", "cores")
    MANUFACTURER_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FREQUENCY_FIELD_NUMBER: _ClassVar[int]
    CORES_FIELD_NUMBER: _ClassVar[int]
    manufacturer: str
    clock_frequency: int
    cores: int
    def __init__(self, manufacturer: _Optional[str] = ..., clock_frequency: _Optional[int] = ..., cores: _Optional[int] = ...) -> None: ...

class MemoryModule(_message.Message):
    __slots__ = ("size",)
    SIZE_FIELD_NUMBER: _ClassVar[int]
    size: int
    def __init__(self, size: _Optional[int] = ...) -> None: ...

class Accelerator(_message.Message):
    __slots__ = ("manufacturer",)
    MANUFACTURER_FIELD_NUMBER: _ClassVar[int]
    manufacturer: str
    def __init__(self, manufacturer: _Optional[str] = ...) -> None: ...

class NIC(_message.Message):
    __slots__ = ("mac",)
    MAC_FIELD_NUMBER: _ClassVar[int]
    mac: str
    def __init__(self, mac: _Optional[str] = ...) -> None: ...

class Drive(_message.Message):
    __slots__ = ("capacity",)
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    capacity: int
    def __init__(self, capacity: _Optional[int] = ...) -> None: ...

class Machine(_message.Message):
    __slots__ = ("id", "cpus", "memory_modules", "accelerators", "nics", "drives", "organization_id", "version", "created_at", "updated_at", "name", "hostname", "agent_version", "os_info", "labels", "machine_parameters", "fingerprint", "unkey_key_id", "status", "is_available", "alerts_enabled", "last_seen", "reserved_session_id", "pool_ids")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    CPUS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_MODULES_FIELD_NUMBER: _ClassVar[int]
    ACCELERATORS_FIELD_NUMBER: _ClassVar[int]
    NICS_FIELD_NUMBER: _ClassVar[int]
    DRIVES_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    OS_INFO_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    MACHINE_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    UNKEY_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    IS_AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    ALERTS_ENABLED_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_FIELD_NUMBER: _ClassVar[int]
    RESERVED_SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_IDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    cpus: _containers.RepeatedCompositeFieldContainer[CPU]
    memory_modules: _containers.RepeatedCompositeFieldContainer[MemoryModule]
    accelerators: _containers.RepeatedCompositeFieldContainer[Accelerator]
    nics: _containers.RepeatedCompositeFieldContainer[NIC]
    drives: _containers.RepeatedCompositeFieldContainer[Drive]
    organization_id: str
    version: int
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    name: str
    hostname: str
    agent_version: str
    os_info: str
    labels: _containers.ScalarMap[str, str]
    machine_parameters: str
    fingerprint: str
    unkey_key_id: str
    status: MachineStatus
    is_available: bool
    alerts_enabled: bool
    last_seen: _timestamp_pb2.Timestamp
    reserved_session_id: str
    pool_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., cpus: _Optional[_Iterable[_Union[CPU, _Mapping]]] = ..., memory_modules: _Optional[_Iterable[_Union[MemoryModule, _Mapping]]] = ..., accelerators: _Optional[_Iterable[_Union[Accelerator, _Mapping]]] = ..., nics: _Optional[_Iterable[_Union[NIC, _Mapping]]] = ..., drives: _Optional[_Iterable[_Union[Drive, _Mapping]]] = ..., organization_id: _Optional[str] = ..., version: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., name: _Optional[str] = ..., hostname: _Optional[str] = ..., agent_version: _Optional[str] = ..., os_info: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., machine_parameters: _Optional[str] = ..., fingerprint: _Optional[str] = ..., unkey_key_id: _Optional[str] = ..., status: _Optional[_Union[MachineStatus, str]] = ..., is_available: _Optional[bool] = ..., alerts_enabled: _Optional[bool] = ..., last_seen: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reserved_session_id: _Optional[str] = ..., pool_ids: _Optional[_Iterable[str]] = ...) -> None: ...
