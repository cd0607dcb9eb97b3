"""The pool that a request is to change, as it is stored."""

from shared.bootstrap import Inventory
from shared.edge.conditions import require_pool_match
from shared.edge.resource import Call
from shared.store.pools import StoredPool, read_stored_pool


async def read_matching(inventory: Inventory, call: Call, pool_id: str) -> StoredPool:
    """Find the pool that a request is to change.

    Raises:
        PoolNotFound: the caller's organization has none of that id.
        PreconditionFailed: it is not of the version that the request is meant for.
    """
    stored = await read_stored_pool(inventory.firestore, call.caller.organization_id, pool_id, call.deadline)
    require_pool_match(call.request, stored.pool.version)
    return stored
