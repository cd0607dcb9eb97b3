"""A machine as the responses of both families show it."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request

from shared.domain.http_response import HttpResponse
from shared.domain.plain import Plain, to_datetime
from shared.edge.conditions import etag
from shared.edge.machine_status import MachineStatus, text_of
from shared.edge.negotiation import negotiated_response
from shared.edge.pool_view import PoolView
from shared.edge.responses import JsonText
from shared.edge.validation import Deferred, Int64, Uuid
from shared.pb.inventory.v1.machine_pb2 import Machine


class RegisteredMachineView(Deferred):
    """The response to a registration."""

    id: Uuid


# The views only describe responses, which are made of plain values: a model for each machine would take most
# of the time of a list. They have no constraints of requests, because a value that was stored before a
# constraint existed is still shown.


class CpuView(Deferred):
    """A processor; its clock frequency is in hertz."""

    manufacturer: str
    clock_frequency: Int64
    cores: Int64


class MemoryModuleView(Deferred):
    """A memory module; its size is in bytes."""

    size: Int64


class AcceleratorView(Deferred):
    """An accelerator, such as a GPU."""

    manufacturer: str


class NicView(Deferred):
    """A network interface."""

    mac: str


class DriveView(Deferred):
    """A drive; its capacity is in bytes."""

    capacity: Int64


class MachineView(Deferred):
    """A machine: its hardware profile, and the values that agents and owners set."""

    id: Uuid
    organization_id: str
    name: str | None
    hostname: str | None
    version: Annotated[
        str | None,
        Field(description="The version of the machine's agent. The machine's own version is in the `ETag`"),
    ]
    os_info: str | None
    labels: dict[str, str]
    machine_parameters: dict[str, Any] | None
    cpus: list[CpuView]
    memory_modules: list[MemoryModuleView]
    accelerators: list[AcceleratorView]
    nics: list[NicView]
    drives: list[DriveView]
    fingerprint: str | None
    unkey_key_id: Annotated[
        str,
        Field(
            description="The id of the machine's API key: the one given at its registration by "
            "fingerprint, otherwise the key that registered it"
        ),
    ]
    status: MachineStatus
    is_available: bool
    alerts_enabled: bool
    reserved_session_id: Uuid | None
    created_at: datetime
    updated_at: datetime
    last_seen: datetime
    # The pools API has these fields, but nothing sets them here: see `_NEVER_SET`.
    user_id: Uuid | None
    linked_keepalive_machine_id: Uuid | None
    physical_server_id: str | None
    machine_sensitive_parameters: dict[str, str] | None
    pools: Annotated[list[PoolView] | None, Field(description="Null unless requested")]


def machine_json(machine: Plain) -> dict[str, Any]:
    """Return a machine as the values of `MachineView`."""
    parameters = machine["machine_parameters"]
    return {
        "id": machine["id"],
        "organization_id": machine["organization_id"],
        "name": machine["name"],
        "hostname": machine["hostname"],
        "version": machine["agent_version"],
        "os_info": machine["os_info"],
        "labels": machine["labels"],
        "machine_parameters": None if parameters is None else JsonText(parameters),
        # The messages of parts have exactly the fields of their views, in the same order.
        "cpus": machine["cpus"],
        "memory_modules": machine["memory_modules"],
        "accelerators": machine["accelerators"],
        "nics": machine["nics"],
        "drives": machine["drives"],
        "fingerprint": machine["fingerprint"],
        "unkey_key_id": machine["unkey_key_id"],
        "status": text_of(machine["status"]),
        "is_available": machine["is_available"],
        "alerts_enabled": machine["alerts_enabled"],
        "reserved_session_id": machine["reserved_session_id"],
        "created_at": to_datetime(machine["created_at"]),
        "updated_at": to_datetime(machine["updated_at"]),
        "last_seen": to_datetime(machine["last_seen"]),
        **_NEVER_SET,
        "pools": None,
    }


def machine_message(machine: Plain) -> Machine:
    """Return a machine as a message, like JSON without `pool_ids`, which can contain deleted pools."""
    return Machine(**{**machine, "pool_ids": []})


def machine_response(request: Request, machine: Plain) -> HttpResponse:
    """Return the response with one machine, in the media type that the client prefers."""
    return negotiated_response(
        request,
        200,
        content=partial(machine_json, machine),
        message=partial(machine_message, machine),
        headers={"ETag": etag(machine["version"])},
    )


_NEVER_SET = dict.fromkeys(
    ("user_id", "linked_keepalive_machine_id", "physical_server_id", "machine_sensitive_parameters")
)
