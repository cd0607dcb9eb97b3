"""The stored pool that a request changes."""

from shared.bootstrap import Inventory
from shared.edge.conditions import require_pool_match
from shared.edge.resource import Call
from shared.store.pools import StoredPool, read_stored_pool


async def read_matching(inventory: Inventory, call: Call, pool_id: str) -> StoredPool:
    """Return the pool that a request changes, if its version is as `If-Match` and `If-None-Match` require.

    Raises:
        PoolNotFound: the caller's organization has no pool with that id.
        PreconditionFailed: the pool's version is not as `If-Match` and `If-None-Match` require.
    """
    stored = await read_stored_pool(inventory.firestore, call.caller.organization_id, pool_id, call.deadline)
    require_pool_match(call.request, stored.pool.version)
    return stored
