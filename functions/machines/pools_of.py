"""The pools that machines are in, as answers show them beside the machines."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.bootstrap import Inventory
from shared.domain.plain import Plain
from shared.edge.machine_view import machine_json
from shared.edge.pool_view import IncludedPool
from shared.edge.resource import Call
from shared.store.pools import count_members_of_each, find_pools


async def read_pools(inventory: Inventory, call: Call, machines: Iterable[Plain]) -> dict[str, IncludedPool]:
    """Read the pools that some machines are in, by their ids: one read for each, and one aggregation.

    A pool that was deleted is not among them, though its members may still name it.
    """
    pool_ids = dict.fromkeys(pool_id for machine in machines for pool_id in machine.get("pool_ids", ()))
    organization = call.caller.organization_id
    pools = await find_pools(inventory.firestore, organization, list(pool_ids), call.deadline)
    counts = await count_members_of_each(inventory.firestore, organization, pools, call.deadline)
    return {pool.id: IncludedPool.counted(pool, count) for pool, count in zip(pools, counts, strict=True)}


def views_of(pools: Mapping[str, IncludedPool]) -> dict[str, dict[str, Any]]:
    """Show pools as they are shown inside machines."""
    return {pool_id: pool.model_dump(exclude={"type"}) for pool_id, pool in pools.items()}


def with_pools(machine: Plain, pools: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Show a machine, as what `MachineWithPools` takes, with those of the pools shown that it is in."""
    its_pools = [pools[pool_id] for pool_id in machine.get("pool_ids", ()) if pool_id in pools]
    return machine_json(machine) | {"pools": its_pools}
