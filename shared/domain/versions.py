"""New versions of machines and pools: changed fields, the next version number, and its time."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar

from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool

Entity = TypeVar("Entity", Machine, Pool)


def with_fields(before: Entity, fields: Iterable[str], content: Entity) -> Entity:
    """Copy a machine or pool and replace some fields; those that the content lacks are cleared.

    The content must have no other fields than these.
    """
    after = type(before)()
    after.CopyFrom(before)
    for field in fields:
        after.ClearField(field)
    after.MergeFrom(content)
    return after


def advance(entity: Machine | Pool, *, now: datetime) -> None:
    """Set the next version of a changed machine or pool, and its time, which never goes back.

    A client that polls by `updated_at` must not miss a change because one instance's clock is behind
    another's. So after a change by a fast clock, the time stays the same until the other clocks catch up.

    Args:
        entity: the changed machine or pool, still with the previous version and time.
        now: the time of the change, with a time zone.
    """
    entity.version += 1
    entity.updated_at.FromDatetime(max(now, entity.updated_at.ToDatetime(UTC)))
