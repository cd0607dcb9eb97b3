"""What becomes of machines: pure decisions, no I/O."""

from datetime import datetime

from shared.domain.access import Caller
from shared.pb.inventory.v1.machine_pb2 import MACHINE_STATUS_DISCONNECTED, Machine


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
