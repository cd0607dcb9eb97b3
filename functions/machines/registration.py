"""Registration of machines by hardware profile."""

from functools import partial

from starlette.requests import Request

from functions.machines.machine_size import require_storable
from functions.machines.profile import read_profile
from shared.bootstrap import Inventory
from shared.domain import events, identities, machines
from shared.domain.http_response import HttpResponse
from shared.edge.conditions import etag
from shared.edge.idempotency import command_of
from shared.edge.negotiation import negotiated_response
from shared.edge.resource import Call
from shared.pb.inventory.v1.api_pb2 import RegisteredMachine
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store.change import Decision
from shared.store.machines import create_machine
from shared.store.transaction import Transaction


async def register(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `POST /api/v1/machines`: one commit, then the `machine-created` event."""
    machine_id = inventory.new_id()

    async def decide(_: Transaction, profile: Machine) -> Decision:
        machine = new_machine(call, machine_id, profile)
        return creation(inventory, machine, _response(call.request, machine))

    read = partial(read_profile, call)
    return await inventory.changes.respond(command_of(call), read, decide)


def new_machine(call: Call, machine_id: str, profile: Machine) -> Machine:
    """Return a new machine with a profile.

    Raises:
        Invalid: the machine is too large.
    """
    machine = machines.register(profile, machine_id=machine_id, caller=call.caller)
    require_storable(machine)
    return machine


def creation(inventory: Inventory, machine: Machine, response: HttpResponse) -> Decision:
    """Return the decision to create a machine, its claims and its event."""
    return Decision(
        response=response,
        writes=[create_machine(inventory.firestore, machine)],
        claims=identities.claims(machine),
        events=[events.machine_created(machine)],
    )


def _response(request: Request, machine: Machine) -> HttpResponse:
    headers = {"Location": f"/api/v1/machines/{machine.id}", "ETag": etag(machine.version)}
    return negotiated_response(
        request,
        201,
        content=lambda: {"id": machine.id},
        message=lambda: RegisteredMachine(id=machine.id),
        headers=headers,
    )
