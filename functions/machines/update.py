"""Changes of some fields of a machine, and heartbeats."""

from functools import partial

from functions.machines.bodies import MachinePatch
from functions.machines.machine_size import SIZABLE, require_storable
from functions.machines.stored import read_matching
from shared.bootstrap import Inventory
from shared.domain import events, machines
from shared.domain.http_response import HttpResponse
from shared.edge import path
from shared.edge.conditions import etag
from shared.edge.idempotency import command_of
from shared.edge.machine_view import machine_json
from shared.edge.resource import Call
from shared.edge.responses import json_response
from shared.store.change import Decision
from shared.store.machines import change_machine
from shared.store.transaction import Transaction


async def update(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `PATCH /v1/machines/{machine_id}`: one read, one commit, then the `machine-updated` event.

    A heartbeat changes only `last_seen`. It is one read and one write of one field, without a version or an
    event. It is safe to repeat, so it needs no outbox document to detect whether its commit succeeded. With
    an idempotency key, its response is recorded like any other, which takes one more write.
    """

    async def decide(_: Transaction, body: MachinePatch) -> Decision:
        stored = await read_matching(inventory, call, path.uuid(call.request, "machine_id"))
        change = machines.update(stored.machine, body.changes(), now=inventory.clock())
        after = change.after
        # Cleared fields take no space.
        if sizable := {field for field in SIZABLE.intersection(change.fields) if getattr(after, field)}:
            require_storable(after, sizable)
        shown = stored.plain_after(after, change.written)
        return Decision(
            response=json_response(200, machine_json(shown), {"ETag": etag(after.version)}),
            writes=[change_machine(stored, change)] if change.fields else [],
            events=[events.machine_updated(change)] if change.makes_version else [],
        )

    read = partial(call.body_as, MachinePatch)
    return await inventory.changes.respond(command_of(call), read, decide)
