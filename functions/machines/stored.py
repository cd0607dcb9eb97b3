"""The stored machine that a request changes."""

from shared.bootstrap import Inventory
from shared.edge.conditions import require_match
from shared.edge.resource import Call
from shared.store.machines import StoredMachine, read_stored_machine


async def read_matching(inventory: Inventory, call: Call, machine_id: str) -> StoredMachine:
    """Return the machine that a request changes, if its version is as `If-Match` and `If-None-Match` require.

    Raises:
        MachineNotFound: the caller's organization has no machine with that id.
        PreconditionFailed: the machine's version is not as `If-Match` and `If-None-Match` require.
    """
    organization = call.caller.organization_id
    stored = await read_stored_machine(inventory.firestore, organization, machine_id, call.deadline)
    require_match(call.request, stored.machine.version)
    return stored
