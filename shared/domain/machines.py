"""What becomes of machines: pure decisions, no I/O."""

from datetime import datetime

from shared.domain.access import Caller
from shared.domain.events import changed_fields
from shared.pb.inventory.v1.machine_pb2 import MACHINE_STATUS_DISCONNECTED, Machine

PROFILE_FIELDS = (
    "cpus",
    "memory_modules",
    "accelerators",
    "nics",
    "drives",
    "name",
    "hostname",
    "agent_version",
    "os_info",
    "labels",
    "machine_parameters",
)
"""What a client may choose when it registers or replaces a machine."""


def register(profile: Machine, *, machine_id: str, caller: Caller, now: datetime) -> Machine:
    """Make a new machine of a hardware profile.

    Args:
        profile: the fields that the caller may choose.
        machine_id: the new machine's id, a UUIDv7.
        caller: whose machine it becomes.
        now: the time of the registration, with a zone.
    """
    machine = Machine()
    machine.CopyFrom(profile)
    machine.id = machine_id
    machine.organization_id = caller.organization_id
    machine.version = 1
    machine.unkey_key_id = caller.key_id
    machine.status = MACHINE_STATUS_DISCONNECTED
    machine.is_available = True
    machine.alerts_enabled = True
    for moment in (machine.created_at, machine.updated_at, machine.last_seen):
        moment.FromDatetime(now)
    return machine


def replace(before: Machine, profile: Machine, *, now: datetime) -> Machine:
    """Give a machine another hardware profile and other optional fields; the rest stays.

    Returns:
        The machine after it: with the next version, or as it was, where nothing changes.
    """
    after = Machine()
    after.CopyFrom(before)
    for field in PROFILE_FIELDS:
        after.ClearField(field)
    after.MergeFrom(profile)
    return advance(before, after, now=now)


def advance(before: Machine, after: Machine, *, now: datetime) -> Machine:
    """Count a change: the next version and its time, where there is one."""
    if changed_fields(before, after):
        after.version = before.version + 1
        after.updated_at.FromDatetime(now)
    return after
