"""Updates of pools."""

from functools import partial

from functions.pools.bodies import PoolPatch
from functions.pools.pool_size import require_storable
from functions.pools.responses import complete_with_count, pool_response
from functions.pools.stored import read_matching
from shared.bootstrap import Inventory
from shared.domain import events, pools
from shared.domain.http_response import HttpResponse
from shared.edge import path
from shared.edge.idempotency import command_of
from shared.edge.resource import Call
from shared.pb.inventory.v1.events_pb2 import PoolChange
from shared.store import writes
from shared.store.change import Decision
from shared.store.transaction import Transaction


async def update(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `PATCH /v1/pools/{pool_id}`: one read, one commit, then the event and the count."""

    async def decide(_: Transaction, patch: PoolPatch) -> Decision:
        fields = patch.fields()
        stored = await read_matching(inventory, call, path.uuid(call.request, "pool_id"))
        after = pools.update(stored.pool, patch.pool(), fields, now=inventory.clock())
        if after.version == stored.pool.version:
            return Decision(response=pool_response(200, after))
        require_storable(after, fields)
        return Decision(
            response=pool_response(200, after),
            writes=[writes.update(after, [*fields, "version", "updated_at"], stored.document)],
            events=[events.pool_changed(after, PoolChange.POOL_CHANGE_UPDATED)],
        )

    read, complete = partial(call.body_as, PoolPatch), partial(complete_with_count, inventory, call)
    return await inventory.changes.respond(command_of(call), read, decide, complete=complete)
