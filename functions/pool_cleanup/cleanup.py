"""The cleanup after a pool's deletion: removes the pool's id from its members."""

import grpc.aio

from shared.bootstrap import Inventory
from shared.domain.deadline import Deadline
from shared.events.push import PushedEvent
from shared.pb.inventory.v1.events_pb2 import PoolChange, PoolChanged
from shared.store import paths, writes
from shared.store.effects import Effect
from shared.store.errors import is_too_big
from shared.store.member_names import member_names
from shared.store.transaction import Transaction

# Shorter than the subscription's ack deadline. The next delivery continues with what is left.
SECONDS = 50.0
# Fast enough not to delay other changes of these machines; halved if these are too large together.
BATCH = 250


async def clean_up(inventory: Inventory, event: PushedEvent[PoolChanged]) -> None:
    """Remove a deleted pool's id from its members, in batches.

    No machine can join the pool any more, because an assignment reads the pool in its transaction. Versions
    of machines do not change: memberships ended with the pool, and its event stands for all members. After a
    restore of the database, the pool can exist again, and then keeps its members.

    Raises:
        Unavailable: some members are left, so the event must be delivered again.
    """
    if event.message.change != PoolChange.POOL_CHANGE_DELETED:
        return  # in case the subscription's filter is missing: pools that exist must not lose members
    deadline = Deadline(SECONDS)
    pool_id = event.message.pool.id
    limit = BATCH

    async def decide(_: Transaction) -> Effect:
        path = paths.pool(event.organization_id, pool_id)
        if await inventory.firestore.get(path, deadline, fields=["version"]) is not None:
            return Effect()
        members = await member_names(
            inventory.firestore, event.organization_id, pool_id, limit=limit, deadline=deadline
        )
        return Effect(
            writes=[writes.remove_from_array(name, "pool_ids", pool_id) for name in members],
            complete=len(members) < limit,
        )

    while True:
        try:
            await inventory.effects.apply(event.subscription, event.id, decide, deadline)
        except grpc.aio.AioRpcError as error:
            if not is_too_big(error) or limit == 1:
                raise
            limit //= 2
        else:
            return
