"""Registration: a machine enters the inventory."""

from starlette.requests import Request
from starlette.responses import Response

from shared.bootstrap import Inventory
from shared.domain import events, identities, machines
from shared.domain.answer import Answer
from shared.domain.command import Command
from shared.edge import body
from shared.edge.answers import json_answer, message_answer, response
from shared.edge.conditions import etag
from shared.edge.idempotency import command_of
from shared.edge.machine_profile import read_profile
from shared.edge.machine_size import require_storable
from shared.edge.resource import Call
from shared.pb.inventory.v1.api_pb2 import RegisteredMachine
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store.changes import Decision
from shared.store.machines import create_machine
from shared.store.transaction import Transaction


async def register(inventory: Inventory, call: Call) -> Response:
    """Answer `POST /api/v1/machines`: one commit, then the `machine-created` event."""
    command = command_of(call)
    machine = new_machine(inventory, call, read_profile(call.request, call.body))
    return await created(inventory, command, machine, _answer(call.request, machine))


def new_machine(inventory: Inventory, call: Call, profile: Machine) -> Machine:
    """Make a machine of what its owner says of it.

    Raises:
        Invalid: it is too large.
    """
    machine = machines.register(profile, machine_id=inventory.new_id(), caller=call.caller)
    require_storable(machine)
    return machine


async def created(inventory: Inventory, command: Command, machine: Machine, answer: Answer) -> Response:
    """Commit a new machine with its claims, tell subscribers, and answer."""
    decision = Decision(
        answer=answer,
        writes=[create_machine(inventory.firestore, machine)],
        claims=identities.claims(machine),
        events=[events.machine_created(machine)],
    )

    async def decide(_: Transaction) -> Decision:
        return decision

    return response(await inventory.changes.apply(command, decide))


def _answer(request: Request, machine: Machine) -> Answer:
    headers = {"Location": f"/api/v1/machines/{machine.id}", "ETag": etag(machine.version)}
    if body.accepts_protobuf(request):
        return message_answer(201, RegisteredMachine(id=machine.id), headers)
    return json_answer(201, {"id": machine.id}, headers)
