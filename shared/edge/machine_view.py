"""A machine as both families show it."""

import json
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel
from starlette.requests import Request

from shared.domain.answer import Answer
from shared.edge.answers import message_answer, model_answer
from shared.edge.body import accepts_protobuf
from shared.edge.conditions import etag
from shared.edge.validation import Uuid
from shared.pb.inventory.v1.machine_pb2 import Machine, MachineStatus

Status = Literal["connected", "disconnected", "error"]


class RegisteredMachineView(BaseModel):
    """What a registration answers."""

    id: Uuid


# What is stored is shown as it is: the models that requests are held against would refuse to show what was
# stored before one of their rules was made.


class CpuView(BaseModel):
    """A processor; its clock frequency is in hertz."""

    manufacturer: str
    clock_frequency: int
    cores: int


class MemoryModuleView(BaseModel):
    """A memory module; its size is in bytes."""

    size: int


class AcceleratorView(BaseModel):
    """An accelerator, such as a GPU."""

    manufacturer: str


class NicView(BaseModel):
    """A network interface."""

    mac: str


class DriveView(BaseModel):
    """A drive; its capacity is in bytes."""

    capacity: int


class MachineView(BaseModel):
    """A machine: its hardware profile, and what agents and owners say of it."""

    id: Uuid
    organization_id: str
    name: str | None
    hostname: str | None
    version: str | None
    os_info: str | None
    labels: dict[str, str]
    machine_parameters: dict[str, Any] | None
    cpus: list[CpuView]
    memory_modules: list[MemoryModuleView]
    accelerators: list[AcceleratorView]
    nics: list[NicView]
    drives: list[DriveView]
    fingerprint: str | None
    unkey_key_id: str
    status: Status
    is_available: bool
    alerts_enabled: bool
    reserved_session_id: Uuid | None
    created_at: datetime
    updated_at: datetime
    last_seen: datetime
    # The pools API has these, and nothing sets them here.
    user_id: Uuid | None = None
    linked_keepalive_machine_id: Uuid | None = None
    physical_server_id: str | None = None
    machine_sensitive_parameters: dict[str, str] | None = None

    @classmethod
    def of(cls, machine: Machine) -> Self:
        """Show a machine."""
        parameters = _optional(machine, "machine_parameters")
        return cls(
            id=machine.id,
            organization_id=machine.organization_id,
            name=_optional(machine, "name"),
            hostname=_optional(machine, "hostname"),
            version=_optional(machine, "agent_version"),
            os_info=_optional(machine, "os_info"),
            labels=dict(machine.labels),
            machine_parameters=None if parameters is None else json.loads(parameters),
            cpus=[
                CpuView(manufacturer=cpu.manufacturer, clock_frequency=cpu.clock_frequency, cores=cpu.cores)
                for cpu in machine.cpus
            ],
            memory_modules=[MemoryModuleView(size=module.size) for module in machine.memory_modules],
            accelerators=[AcceleratorView(manufacturer=item.manufacturer) for item in machine.accelerators],
            nics=[NicView(mac=nic.mac) for nic in machine.nics],
            drives=[DriveView(capacity=drive.capacity) for drive in machine.drives],
            fingerprint=_optional(machine, "fingerprint"),
            unkey_key_id=machine.unkey_key_id,
            status=_STATUSES[machine.status],
            is_available=machine.is_available,
            alerts_enabled=machine.alerts_enabled,
            reserved_session_id=_optional(machine, "reserved_session_id"),
            created_at=machine.created_at.ToDatetime(UTC),
            updated_at=machine.updated_at.ToDatetime(UTC),
            last_seen=machine.last_seen.ToDatetime(UTC),
        )


def machine_message(machine: Machine) -> Machine:
    """Show a machine as a message: as in JSON without its pools, of which some may be deleted."""
    shown = Machine()
    shown.CopyFrom(machine)
    shown.ClearField("pool_ids")
    return shown


def machine_answer(request: Request, machine: Machine) -> Answer:
    """Answer with one machine, in the media type that the client asks for."""
    headers = {"ETag": etag(machine.version)}
    if accepts_protobuf(request):
        return message_answer(200, machine_message(machine), headers)
    return model_answer(200, MachineView.of(machine), headers)


_STATUSES: dict[int, Status] = {
    MachineStatus.MACHINE_STATUS_CONNECTED: "connected",
    MachineStatus.MACHINE_STATUS_DISCONNECTED: "disconnected",
    MachineStatus.MACHINE_STATUS_ERROR: "error",
}


def _optional(machine: Machine, field: str) -> Any:  # noqa: ANN401 - the field's type
    return getattr(machine, field) if machine.HasField(field) else None
