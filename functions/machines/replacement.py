"""Replacement of machines' hardware profiles and optional fields."""

from functools import partial

from functions.machines.machine_size import require_storable
from functions.machines.profile import read_profile
from functions.machines.stored import read_matching
from shared.bootstrap import Inventory
from shared.domain import events, identities, machines
from shared.domain.http_response import HttpResponse
from shared.edge import path
from shared.edge.idempotency import command_of
from shared.edge.machine_view import machine_response
from shared.edge.resource import Call
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store.change import Decision
from shared.store.machines import change_machine
from shared.store.transaction import Transaction


async def replace(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `PUT /api/v1/machines/{machine_id}`: one read, one commit, then the `machine-updated` event."""

    async def decide(_: Transaction, profile: Machine) -> Decision:
        stored = await read_matching(inventory, call, path.machine_id(call.request))
        change = machines.replace(stored.machine, profile, now=inventory.clock())
        require_storable(change.after)
        response = machine_response(call.request, stored.plain_after(change.after, change.written))
        if not change.fields:
            return Decision(response=response)
        taken, freed = identities.claim_changes(change.before, change.after)
        return Decision(
            response=response,
            writes=[change_machine(stored, change)],
            claims=taken,
            freed=freed,
            events=[events.machine_updated(change)],
        )

    read = partial(read_profile, call)
    return await inventory.changes.respond(command_of(call), read, decide)
