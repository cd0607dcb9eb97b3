"""A pool as responses show it."""

from datetime import UTC, datetime
from typing import Any

from shared.edge.responses import JsonText
from shared.edge.validation import Deferred, Uuid
from shared.pb.inventory.v1.pool_pb2 import Pool


class PoolState(Deferred):
    """A pool's own state, which a commit determines and a replay repeats."""

    id: Uuid
    organization_id: str
    name: str
    description: str | None
    pool_parameters: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    # The pools API has this field, but nothing sets it here.
    pool_sensitive_parameters: dict[str, str] | None


class PoolView(PoolState):
    """A pool, and how many machines are in it at the time of the answer.

    The number is null if a change was made, but the store then did not say who is in the pool.
    """

    machine_count: int | None


def pool_state(pool: Pool) -> dict[str, Any]:
    """Return a pool as the values of `PoolState`."""
    return {
        "id": pool.id,
        "organization_id": pool.organization_id,
        "name": pool.name,
        "description": pool.description if pool.HasField("description") else None,
        "pool_parameters": JsonText(pool.pool_parameters) if pool.HasField("pool_parameters") else None,
        "created_at": pool.created_at.ToDatetime(UTC),
        "updated_at": pool.updated_at.ToDatetime(UTC),
        "pool_sensitive_parameters": None,
    }


def pool_json(pool: Pool, machine_count: int) -> dict[str, Any]:
    """Return a pool with the number of its members as the values of `PoolView`."""
    return pool_state(pool) | {"machine_count": machine_count}
