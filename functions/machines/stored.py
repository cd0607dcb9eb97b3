"""The machine that a request is to change, as it is stored."""

from shared.bootstrap import Inventory
from shared.edge.conditions import require_match
from shared.edge.resource import Call
from shared.store.machines import StoredMachine, read_stored_machine


async def read_matching(inventory: Inventory, call: Call, machine_id: str) -> StoredMachine:
    """Find the machine that a request is to change.

    Raises:
        MachineNotFound: there is none of that id.
        PreconditionFailed: it is not of the version that the request is meant for.
    """
    organization = call.caller.organization_id
    stored = await read_stored_machine(inventory.firestore, organization, machine_id, call.deadline)
    require_match(call.request, stored.machine.version)
    return stored
