"""The pools that machines are in, as answers show them beside the machines."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from shared.bootstrap import Inventory
from shared.domain.errors import Fault, Invalid
from shared.domain.plain import Plain
from shared.edge.machine_view import machine_json
from shared.edge.pool_view import included_pool, pool_json
from shared.edge.resource import Call
from shared.store.members import count_members_of_each
from shared.store.pools import find_pools

# Each pool is shown with every machine that is in it: so much of pools as they are stored, and up to six
# times as much of JSON. A machine is in 100 pools at most, of 80 KiB each, which is less.
MOST_BYTES = 8 * 1024 * 1024

Shown = Mapping[str, Mapping[str, Any]]
"""Pools as answers show them, by their ids."""


async def read_pools(inventory: Inventory, call: Call, machines: Iterable[Plain]) -> Shown:
    """Read the pools that some machines are in, shown, by their ids: one read for each, and one aggregation.

    A pool that was deleted is not among them, though its members may still name it.

    Raises:
        Invalid: they are too large to be shown with each of the machines.
    """
    pool_ids = Counter(pool_id for machine in machines for pool_id in machine["pool_ids"])
    organization = call.caller.organization_id
    pools = await find_pools(inventory.firestore, organization, list(pool_ids), call.deadline)
    if sum(pool.ByteSize() * pool_ids[pool.id] for pool in pools) > MOST_BYTES:
        message = "The pools of these machines are too large to be shown with each: ask for fewer machines"
        raise Invalid([Fault(("query", "include"), "too_large", message)])
    counts = await count_members_of_each(inventory.firestore, organization, pools, call.deadline)
    return {pool.id: pool_json(pool, count) for pool, count in zip(pools, counts, strict=True)}


def with_pools(machine: Plain, pools: Shown) -> dict[str, Any]:
    """Show a machine as the values of `MachineView`, with those of the pools shown that it is in."""
    its_pools = [pools[pool_id] for pool_id in machine["pool_ids"] if pool_id in pools]
    return machine_json(machine) | {"pools": its_pools}


def included(pools: Shown) -> dict[str, Any]:
    """Show pools beside what names them, each once."""
    return {"included": [included_pool(pool) for pool in pools.values()]}
