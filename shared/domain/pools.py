"""What becomes of pools and of memberships: pure decisions, no I/O."""

from collections.abc import Collection, Sequence
from datetime import datetime

from shared.domain.plain import Plain
from shared.domain.versions import advance, with_fields
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool

MOST_SHOWN = 100
"""How many machines an answer about a pool shows at most, so that its cost does not grow with the pool."""

MOST_POOLS = 100
"""How many pools a machine is in at most: its deletion is one commit, with an event for each of them."""


def create(content: Pool, *, pool_id: str, organization_id: str, now: datetime) -> Pool:
    """Make a new pool.

    Args:
        content: the fields that the caller may choose.
        pool_id: the new pool's id, a UUIDv7.
        organization_id: whose pool it becomes.
        now: the time of the creation, with a zone.
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
    """Change some fields of a pool; the rest stays.

    Args:
        before: the pool.
        content: the new values; a field that it lacks is cleared.
        fields: the names of the fields that change.
        now: the time of the change, with a zone.

    Returns:
        The pool after it: with the next version, or as it was, where nothing changes.
    """
    after = with_fields(before, fields, content)
    if after != before:
        advance(after, now=now)
    return after


def has_room(machine: Machine, pool_id: str) -> bool:
    """Tell whether a machine is in a pool or can join it; a deleted pool counts until it is cleaned up."""
    return pool_id in machine.pool_ids or len(machine.pool_ids) < MOST_POOLS


def join(machine: Machine, pool_id: str, *, now: datetime) -> Machine:
    """Make a machine a member of a pool; a member stays as it is."""
    if pool_id in machine.pool_ids:
        return machine
    return with_pools(machine, [*machine.pool_ids, pool_id], now=now)


def leave(machine: Machine, pool_id: str, *, now: datetime) -> Machine:
    """Take a machine out of a pool; one that is no member stays as it is."""
    return with_pools(machine, [other for other in machine.pool_ids if other != pool_id], now=now)


def with_pools(machine: Machine, pool_ids: Sequence[str], *, now: datetime) -> Machine:
    """Make a machine a member of just these pools: with its next version, where that changes something."""
    if list(pool_ids) == list(machine.pool_ids):
        return machine
    after = with_fields(machine, ["pool_ids"], Machine(pool_ids=pool_ids))
    advance(after, now=now)
    return after


def first_members(named: Sequence[Plain], newest: Sequence[Plain]) -> tuple[list[Plain], int]:
    """Choose the members that an answer shows: those that its request names, and then the newest others.

    Args:
        named: members, each once.
        newest: the first members in the order of lists, newest first.

    Returns:
        The members, and how many a list can skip to go on from there: all those are shown.
    """
    shown = {machine["id"]: machine for machine in named}
    skip = 0
    for machine in newest:
        if machine["id"] not in shown:
            if len(shown) >= MOST_SHOWN:
                break
            shown[machine["id"]] = machine
        skip += 1
    return list(shown.values()), skip
