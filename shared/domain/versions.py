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

    A client that follows `updated_at` must not miss a change because one instance's clock lags behind
    another's. The price: after a change by a fast clock, the time stands still until the others catch up.

    Args:
        entity: the machine or pool, changed, with the version and the time from before.
        now: the time of the change, with a zone.
    """
    entity.version += 1
    entity.updated_at.FromDatetime(max(now, entity.updated_at.ToDatetime(UTC)))
