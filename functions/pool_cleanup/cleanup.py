"""What is left to do after a pool's deletion: its id is still on its members."""

from shared.bootstrap import Inventory
from shared.domain.deadline import Deadline
from shared.events.push import PushedEvent
from shared.pb.inventory.v1.events_pb2 import PoolChange, PoolChanged
from shared.store import writes
from shared.store.effects import Effect
from shared.store.member_names import member_names
from shared.store.transaction import Transaction

# Within the subscription's ack deadline; the next delivery goes on with what is left.
SECONDS = 50.0
# Far below the 10 MiB of a commit, and short enough not to hold up those who change one of the machines.
BATCH = 250


async def clean_up(inventory: Inventory, event: PushedEvent[PoolChanged]) -> None:
    """Take a deleted pool off its members, in batches.

    Nobody can join any more: an assignment reads the pool in its transaction. A machine's version stays: its
    membership ended with the pool, and the pool's event stands for all members.

    Raises:
        Unavailable: some members are left, and the event is to be delivered again.
    """
    if event.message.change != PoolChange.POOL_CHANGE_DELETED:
        return  # the subscription's filter lets none through; without it, living pools must not lose members
    deadline = Deadline(SECONDS)
    pool_id = event.message.pool.id

    async def decide(_: Transaction) -> Effect:
        members = await member_names(
            inventory.firestore, event.organization_id, pool_id, limit=BATCH, deadline=deadline
        )
        return Effect(
            writes=[writes.remove_from_array(name, "pool_ids", pool_id) for name in members],
            complete=len(members) < BATCH,
        )

    await inventory.effects.apply(event.subscription, event.id, decide, deadline)
