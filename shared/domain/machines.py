"""Decisions about machines, as pure functions without I/O."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain import machine_ids
from shared.domain.access import Caller
from shared.domain.machine_change import MachineChange, changed_fields
from shared.domain.versions import advance, with_fields
from shared.pb.inventory.v1.machine_pb2 import (
    MACHINE_STATUS_CONNECTED,
    MACHINE_STATUS_DISCONNECTED,
    Machine,
)

# A heartbeat that changes last_seen by less is not written: heartbeats are most of a fleet's requests.
HEARTBEAT_PRECISION = timedelta(seconds=10)

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
"""The fields that a client can set when it registers or replaces a machine."""


def register(profile: Machine, *, machine_id: str, caller: Caller) -> Machine:
    """Return a new machine.

    Args:
        profile: the fields that the caller can set. If it has no `unkey_key_id`, the machine gets the id of
            the caller's key.
        machine_id: the new machine's id, a UUIDv7, whose time is the time of registration.
        caller: the caller, whose organization will own the machine.
    """
    machine = Machine()
    machine.CopyFrom(profile)
    machine.id = machine_id
    machine.organization_id = caller.organization_id
    machine.version = 1
    machine.unkey_key_id = profile.unkey_key_id or caller.key_id
    machine.status = MACHINE_STATUS_DISCONNECTED
    machine.is_available = True
    machine.alerts_enabled = True
    machine.created_at.CopyFrom(machine_ids.created_at(machine_id))
    machine.updated_at.CopyFrom(machine.created_at)
    machine.last_seen.CopyFrom(machine.created_at)
    return machine


def replace(before: Machine, profile: Machine, *, now: datetime) -> MachineChange:
    """Replace a machine's `PROFILE_FIELDS`; the other fields stay unchanged."""
    after = with_fields(before, PROFILE_FIELDS, profile)
    return _change(before, after, changed_fields(before, after), now=now)


def _change(before: Machine, after: Machine, fields: Sequence[str], *, now: datetime) -> MachineChange:
    """Return a change; if any fields differ, the machine gets the next version and its time."""
    if fields:
        advance(after, now=now)
    return MachineChange(before=before, after=after, fields=fields)


def update(before: Machine, changes: Mapping[str, Any], *, now: datetime) -> MachineChange:
    """Change some fields of a machine; the other fields stay unchanged.

    A change to `connected` without `last_seen` sets `last_seen` to now. A change of only `last_seen` is a
    heartbeat, which makes no version.

    Args:
        before: the machine.
        changes: the new values, by the names of the message's fields; None clears a field.
        now: the time of the change, with a time zone.
    """
    after = with_fields(before, changes, Machine(**changes))
    if changes.get("status") == MACHINE_STATUS_CONNECTED and "last_seen" not in changes:
        after.last_seen.FromDatetime(now)
    fields = changed_fields(before, after, among={*changes, "last_seen"})
    if fields != ["last_seen"]:
        return _change(before, after, fields, now=now)
    moved = after.last_seen.ToDatetime(UTC) - before.last_seen.ToDatetime(UTC)
    if abs(moved) < HEARTBEAT_PRECISION:
        return MachineChange(before=before, after=before, fields=())
    return MachineChange(before=before, after=after, fields=fields)


def is_silent(machine: Machine, since: datetime) -> bool:
    """Return whether a machine's status is connected but its `last_seen` is before a time."""
    return machine.status == MACHINE_STATUS_CONNECTED and machine.last_seen.ToDatetime(UTC) < since


def disconnect(before: Machine, *, now: datetime) -> MachineChange:
    """Set a silent machine's status to disconnected."""
    return update(before, {"status": MACHINE_STATUS_DISCONNECTED}, now=now)
