"""Creation of pools."""

from functools import partial

from functions.pools.bodies import PoolCreation
from functions.pools.pool_size import require_storable
from functions.pools.responses import complete_with_count, pool_response
from shared.bootstrap import Inventory
from shared.domain import events, pools
from shared.domain.http_response import HttpResponse
from shared.edge.idempotency import command_of
from shared.edge.resource import Call
from shared.pb.inventory.v1.events_pb2 import PoolChange
from shared.store.change import Decision
from shared.store.pools import create_pool
from shared.store.transaction import Transaction


async def create(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `POST /v1/pools`: one commit, then the event and the count."""
    pool_id = inventory.new_id()

    async def decide(_: Transaction, wanted: PoolCreation) -> Decision:
        pool = pools.create(
            wanted.pool(),
            pool_id=pool_id,
            organization_id=call.caller.organization_id,
            now=inventory.clock(),
        )
        require_storable(pool, wanted.model_fields_set)
        return Decision(
            response=pool_response(201, pool, {"Location": f"/v1/pools/{pool.id}"}),
            writes=[create_pool(inventory.firestore, pool)],
            events=[events.pool_changed(pool, PoolChange.POOL_CHANGE_CREATED)],
        )

    read, complete = partial(call.body_as, PoolCreation), partial(complete_with_count, inventory, call)
    return await inventory.changes.respond(command_of(call), read, decide, complete=complete)
