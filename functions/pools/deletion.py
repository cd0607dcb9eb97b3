"""Deletion of pools."""

from functions.pools.stored import read_matching
from shared.bootstrap import Inventory
from shared.domain import events
from shared.domain.http_response import HttpResponse
from shared.edge import path
from shared.edge.idempotency import command_of
from shared.edge.resource import Call
from shared.pb.inventory.v1.events_pb2 import PoolChange
from shared.store import writes
from shared.store.change import Decision
from shared.store.transaction import Transaction


async def delete(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `DELETE /v1/pools/{pool_id}`: one read, one commit, then the `pool-changed` event.

    The pool is deleted with the commit. Its members still have its id until `pool_cleanup` has processed the
    event. No response shows that, because every response looks pools up.
    """

    async def decide(_: Transaction, __: None) -> Decision:
        stored = await read_matching(inventory, call, path.uuid(call.request, "pool_id"))
        return Decision(
            response=HttpResponse(status=204),
            writes=[writes.delete_seen(stored.document)],
            events=[events.pool_changed(stored.pool, PoolChange.POOL_CHANGE_DELETED)],
        )

    return await inventory.changes.respond(command_of(call), call.require_no_body, decide)
