"""Registration by fingerprint: an agent registers its machine."""

from functools import partial

from functions.machines.bodies import FingerprintRegistration
from functions.machines.registration import creation, new_machine
from shared.bootstrap import Inventory
from shared.domain.http_response import HttpResponse
from shared.domain.plain import plain
from shared.edge.conditions import etag
from shared.edge.idempotency import command_of
from shared.edge.machine_view import machine_json
from shared.edge.resource import Call
from shared.edge.responses import json_response
from shared.store.change import Decision
from shared.store.transaction import Transaction


async def register_by_fingerprint(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `POST /v1/machines`: one commit, then the `machine-created` event."""
    machine_id = inventory.new_id()

    async def decide(_: Transaction, registration: FingerprintRegistration) -> Decision:
        machine = new_machine(call, machine_id, registration.machine())
        headers = {"Location": f"/v1/machines/{machine.id}", "ETag": etag(machine.version)}
        response = json_response(201, machine_json(plain(machine)), headers)
        return creation(inventory, machine, response)

    read = partial(call.body_as, FingerprintRegistration)
    return await inventory.changes.respond(command_of(call), read, decide)
