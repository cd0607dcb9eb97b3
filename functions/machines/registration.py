"""Registration: a machine enters the inventory."""

from starlette.responses import Response

from shared.bootstrap import Inventory
from shared.domain import events, identities, machines
from shared.edge import body
from shared.edge.answers import answer, response
from shared.edge.idempotency import command_of
from shared.edge.machine_profile import MachineProfile, repeated_macs
from shared.edge.resource import Call
from shared.edge.validation import validate
from shared.pb.inventory.v1.api_pb2 import RegisteredMachine
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store import paths, writes
from shared.store.changes import Decision


async def register(inventory: Inventory, call: Call) -> Response:
    """Answer `POST /api/v1/machines`: one commit, then the `machine-created` event."""
    raw = await body.read(call.request)
    command = command_of(call, raw)
    document, faults = body.parse(call.request, raw, Machine)
    profile = validate(MachineProfile, document, known=[*faults, *repeated_macs(document)])
    machine = machines.register(
        profile.machine(), machine_id=inventory.new_id(), caller=call.caller, now=inventory.clock()
    )
    decision = Decision(
        answer=answer(
            201,
            {"id": machine.id},
            protobuf=RegisteredMachine(id=machine.id) if body.accepts_protobuf(call.request) else None,
            headers={"Location": f"/api/v1/machines/{machine.id}", "ETag": f'"{machine.version}"'},
        ),
        writes=[
            writes.create(
                inventory.firestore.name(paths.machine(machine.organization_id, machine.id)), machine
            )
        ],
        claims=identities.claims(machine),
        events=[events.machine_created(machine)],
    )

    async def decide() -> Decision:
        return decision

    return response(await inventory.changes.apply(command, decide))
