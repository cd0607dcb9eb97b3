"""The machine that a request is about, as it is stored."""

from shared.bootstrap import Inventory
from shared.domain.plain import Plain
from shared.edge.conditions import require_match
from shared.edge.resource import Call
from shared.store.machines import StoredMachine, find_machine, read_machine


async def read(inventory: Inventory, call: Call, machine_id: str) -> tuple[Plain, bool]:
    """Read a machine of the caller's organization that is to be shown; tell if it is as its version left it.

    Raises:
        MachineNotFound: there is none of that id.
    """
    return await read_machine(inventory.firestore, call.caller.organization_id, machine_id, call.deadline)


async def find_matching(inventory: Inventory, call: Call, machine_id: str) -> StoredMachine:
    """Find the machine that a request is to change.

    Raises:
        MachineNotFound: there is none of that id.
        PreconditionFailed: it is not of the version that the request is meant for.
    """
    organization = call.caller.organization_id
    stored = await find_machine(inventory.firestore, organization, machine_id, call.deadline)
    require_match(call.request, stored.machine.version)
    return stored
