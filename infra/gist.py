"""Summaries of events in one line, for people."""

from collections.abc import Iterator

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message

from shared.pb.inventory.v1.events_pb2 import (
    MachineCreated,
    MachineDeleted,
    MachineUpdated,
    PoolChange,
    PoolChanged,
)
from shared.pb.inventory.v1.machine_pb2 import Machine, MachineStatus

GIB = 2**30
GB = 10**9
MACS_SHOWN = 3


def gist(event: Message) -> str:
    """Return a summary of an inventory event; if its type is unknown, its text form."""
    match event:
        case MachineCreated():
            return _machine(event.machine, event.machine.version)
        case MachineUpdated():
            return f"{', '.join(_changes(event))}: {_machine(event.after, event.after.version)}"
        case MachineDeleted():
            return _machine(event.machine, event.version)
        case PoolChanged():
            change = _name(PoolChange.DESCRIPTOR, event.change).removeprefix("pool change ")
            machines = f", {_count(len(event.machines), 'machine')}" if event.machines else ""
            return f"{event.pool.name!r} {change}{machines}"
        case _:
            return " ".join(str(event).split())


def _changes(event: MachineUpdated) -> Iterator[str]:
    for field in event.changed_fields:
        # The change that people wait for most. `_machine` does not show the status.
        if field == "status":
            status = _name(MachineStatus.DESCRIPTOR, event.after.status).removeprefix("machine status ")
            yield f"{field} {status}"
        else:
            yield field


def _name(enum: EnumDescriptor, number: int) -> str:
    """Return a value's name in words; its number if it is unknown, from a newer release."""
    value = enum.values_by_number.get(number)
    return str(number) if value is None else value.name.lower().replace("_", " ")


def _machine(machine: Machine, version: int) -> str:
    return f"v{version}: {', '.join(_parts(machine)) or 'no hardware'}"


def _parts(machine: Machine) -> Iterator[str]:
    if called := machine.name or machine.hostname:
        yield repr(called)
    if machine.fingerprint:
        yield f"fingerprint {machine.fingerprint!r}"
    if machine.cpus:
        yield f"{_count(len(machine.cpus), 'cpu')} ({_count(sum(cpu.cores for cpu in machine.cpus), 'core')})"
    if machine.memory_modules:
        yield f"{sum(module.size for module in machine.memory_modules) / GIB:g} GiB"
    if machine.accelerators:
        yield _count(len(machine.accelerators), "accelerator")
    if machine.nics:
        macs = [nic.mac for nic in machine.nics[:MACS_SHOWN]]
        more = ["..."] if len(machine.nics) > MACS_SHOWN else []
        yield f"{_count(len(machine.nics), 'nic')} ({' '.join(macs + more)})"
    if machine.drives:
        capacity = sum(drive.capacity for drive in machine.drives) / GB
        yield f"{_count(len(machine.drives), 'drive')} ({capacity:.0f} GB)"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
