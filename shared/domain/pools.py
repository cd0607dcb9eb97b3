"""Decisions about pools and memberships, as pure functions without I/O."""

from collections.abc import Collection, Sequence
from datetime import datetime

from shared.domain.plain import Plain
from shared.domain.versions import advance, with_fields
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool

MAX_SHOWN = 100
"""The most machines that a response shows for a pool, so that its cost does not grow with the pool."""

MAX_POOLS = 100
"""The most pools that a machine can be in: its deletion is one commit, with an event for each pool."""


def create(content: Pool, *, pool_id: str, organization_id: str, now: datetime) -> Pool:
    """Return a new pool.

    Args:
        content: the fields that the caller can set.
        pool_id: the new pool's id, a UUIDv7.
        organization_id: the organization that will own the pool.
        now: the time of the creation, with a time zone.
    """
    pool = Pool()
    pool.CopyFrom(content)
    pool.id = pool_id
    pool.organization_id = organization_id
    pool.version = 1
    pool.created_at.FromDatetime(now)
    pool.updated_at.FromDatetime(now)
    return pool


def update(before: Pool, content: Pool, fields: Collection[str], *, now: datetime) -> Pool:
    """Change some fields of a pool; the other fields stay unchanged.

    Args:
        before: the pool.
        content: the new values; a field that it lacks is cleared.
        fields: the names of the fields to change.
        now: the time of the change, with a time zone.

    Returns:
        The changed pool with the next version, or an equal pool if nothing differs.
    """
    after = with_fields(before, fields, content)
    if after != before:
        advance(after, now=now)
    return after


def has_room(machine: Machine, pool_id: str) -> bool:
    """Return whether a machine is in a pool or can join it; deleted pools count until their cleanup."""
    return pool_id in machine.pool_ids or len(machine.pool_ids) < MAX_POOLS


def join(machine: Machine, pool_id: str, *, now: datetime) -> Machine:
    """Add a machine to a pool; a machine that is in it already stays unchanged."""
    if pool_id in machine.pool_ids:
        return machine
    return set_pools(machine, [*machine.pool_ids, pool_id], now=now)


def leave(machine: Machine, pool_id: str, *, now: datetime) -> Machine:
    """Remove a machine from a pool; a machine that is not in it stays unchanged."""
    return set_pools(machine, [other for other in machine.pool_ids if other != pool_id], now=now)


def set_pools(machine: Machine, pool_ids: Sequence[str], *, now: datetime) -> Machine:
    """Make a machine a member of exactly these pools; if this differs, it gets the next version."""
    if list(pool_ids) == list(machine.pool_ids):
        return machine
    after = with_fields(machine, ["pool_ids"], Machine(pool_ids=pool_ids))
    advance(after, now=now)
    return after


def first_members(named: Sequence[Plain], newest: Sequence[Plain]) -> tuple[list[Plain], int]:
    """Choose the members that a response shows: those that the request names, then the newest of the others.

    Args:
        named: the members that the request names, without repeats.
        newest: the first members in the order of lists, newest first.

    Returns:
        The members, and how many of the newest members a list can skip because they are all among these.
    """
    shown = {machine["id"]: machine for machine in named}
    skip = 0
    for machine in newest:
        if machine["id"] not in shown:
            if len(shown) >= MAX_SHOWN:
                break
            shown[machine["id"]] = machine
        skip += 1
    return list(shown.values()), skip
