"""The pools of machines, which responses show with the machines."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from functions.machines.views import included_pool
from shared.bootstrap import Inventory
from shared.domain.errors import Fault, Invalid
from shared.domain.plain import Plain
from shared.edge.machine_view import machine_json
from shared.edge.pool_view import pool_json
from shared.edge.resource import Call
from shared.store.members import count_members_of_each
from shared.store.pools import find_pools

# The most bytes of stored pools in a response, if each pool counts once for each of its machines. JSON can be
# six times as large. One machine is always below this: at most 100 pools of 80 KiB each.
MAX_BYTES = 8 * 1024 * 1024
# The most different pools in a response, as in a page of pools. Each is counted, and tens of thousands would
# not even fit into the request that reads them. Ten machines are always below this.
MAX_POOLS = 1000

Shown = Mapping[str, Mapping[str, Any]]
"""Pools as responses show them, by their ids."""


async def read_pools(inventory: Inventory, call: Call, machines: Iterable[Plain]) -> Shown:
    """Return the pools of some machines as responses show them; needs a read and a count for each pool.

    Deleted pools are not included, even if machines still have their ids.

    Raises:
        Invalid: the pools are too many, or too large to be shown with each of their machines.
    """
    pool_ids = Counter(pool_id for machine in machines for pool_id in machine["pool_ids"])
    if len(pool_ids) > MAX_POOLS:
        message = f"These machines are in more than {MAX_POOLS} pools: ask for fewer machines"
        raise Invalid([Fault(("query", "include"), "too_many", message)])
    organization = call.caller.organization_id
    pools = await find_pools(inventory.firestore, organization, list(pool_ids), call.deadline)
    if sum(pool.ByteSize() * pool_ids[pool.id] for pool in pools) > MAX_BYTES:
        message = "The pools of these machines are too large to be shown with each: ask for fewer machines"
        raise Invalid([Fault(("query", "include"), "too_large", message)])
    counts = await count_members_of_each(inventory.firestore, organization, pools, call.deadline)
    return {pool.id: pool_json(pool, count) for pool, count in zip(pools, counts, strict=True)}


def with_pools(machine: Plain, pools: Shown) -> dict[str, Any]:
    """Return a machine as the values of `MachineView`, with its pools."""
    its_pools = [pools[pool_id] for pool_id in machine["pool_ids"] if pool_id in pools]
    return machine_json(machine) | {"pools": its_pools}


def included_pools(pools: Shown) -> list[dict[str, Any]]:
    """Return the pools as the related resources of a response, each once."""
    return list(map(included_pool, pools.values()))
