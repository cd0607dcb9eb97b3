"""Machines and pools as they become: other content, the next version, and its time."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar

from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool

Entity = TypeVar("Entity", Machine, Pool)


def with_fields(before: Entity, fields: Iterable[str], content: Entity) -> Entity:
    """Copy a machine or a pool with other content in some fields; what the content lacks is cleared."""
    after = type(before)()
    after.CopyFrom(before)
    for field in fields:
        after.ClearField(field)
    after.MergeFrom(content)
    return after


def advance(entity: Machine | Pool, *, now: datetime) -> None:
    """Count a change of a machine or a pool: its next version, and its time, which never goes back.

    Who takes over all that is newer than what he has must not miss it because the clock of one instance is
    behind that of another. The price: after a change by a clock that is ahead, the time stands still until
    the others have caught up.

    Args:
        entity: the machine or pool, changed, with the version and the time from before.
        now: the time of the change, with a zone.
    """
    entity.version += 1
    entity.updated_at.FromDatetime(max(now, entity.updated_at.ToDatetime(UTC)))
