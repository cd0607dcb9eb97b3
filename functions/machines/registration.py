"""Registration: a machine enters the inventory."""

from starlette.requests import Request
from starlette.responses import Response

from shared.bootstrap import Inventory
from shared.domain import events, identities, machines
from shared.domain.answer import Answer
from shared.edge import body
from shared.edge.answers import message_answer, model_answer, response
from shared.edge.conditions import etag
from shared.edge.idempotency import command_of
from shared.edge.machine_profile import read_profile
from shared.edge.machine_view import RegisteredMachineView
from shared.edge.resource import Call
from shared.pb.inventory.v1.api_pb2 import RegisteredMachine
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store import paths, writes
from shared.store.changes import Decision
from shared.store.transaction import Transaction


async def register(inventory: Inventory, call: Call) -> Response:
    """Answer `POST /api/v1/machines`: one commit, then the `machine-created` event."""
    raw = await body.read(call.request)
    command = command_of(call, raw)
    machine = machines.register(
        read_profile(call.request, raw),
        machine_id=inventory.new_id(),
        caller=call.caller,
        now=inventory.clock(),
    )
    name = inventory.firestore.name(paths.machine(machine.organization_id, machine.id))
    decision = Decision(
        answer=_answer(call.request, machine),
        writes=[writes.create(name, machine)],
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
    return model_answer(201, RegisteredMachineView(id=machine.id), headers)
