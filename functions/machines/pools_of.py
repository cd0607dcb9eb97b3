"""The pools that machines are in, as answers show them beside the machines."""

from collections.abc import Iterable, Mapping

from functions.machines.views import MachineWithPools
from shared.bootstrap import Inventory
from shared.edge.pool_view import IncludedPool
from shared.edge.resource import Call
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store.pools import count_members_of_each, find_pools


async def read_pools(
    inventory: Inventory, call: Call, machines: Iterable[Machine]
) -> dict[str, IncludedPool]:
    """Read the pools that some machines are in, by their ids: one read for each, and one aggregation.

    A pool that was deleted is not among them, though its members may still name it.
    """
    pool_ids = dict.fromkeys(pool_id for machine in machines for pool_id in machine.pool_ids)
    organization = call.caller.organization_id
    pools = await find_pools(inventory.firestore, organization, list(pool_ids), call.deadline)
    counts = await count_members_of_each(inventory.firestore, organization, pools, call.deadline)
    return {pool.id: IncludedPool.counted(pool, count) for pool, count in zip(pools, counts, strict=True)}


def with_pools(machine: Machine, pools: Mapping[str, IncludedPool]) -> MachineWithPools:
    """Show a machine with those of some pools, by their ids, that it is in."""
    shown = MachineWithPools.of(machine)
    shown.pools = [pools[pool_id] for pool_id in machine.pool_ids if pool_id in pools]
    return shown
