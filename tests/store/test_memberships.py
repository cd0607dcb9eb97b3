"""Reads of machines and pools together."""

from functools import partial

from shared.bootstrap import Inventory, new_id, now
from shared.domain.deadline import Deadline
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store import memberships
from shared.store.machines import MACHINE_FIELDS, create_machine


async def test_no_search_terms_are_read(own: Inventory) -> None:
    """They are larger than all other fields of a machine, and an assignment has up to 100 machines."""
    machine = Machine(id=new_id(), organization_id="example", name="example", last_seen=now())
    await own.firestore.commit([create_machine(own.firestore, machine)], Deadline(5))

    get = partial(own.firestore.get_all, deadline=Deadline(5))
    found = await memberships.read(get, "example", machine_ids=[machine.id])

    [stored] = found.machines
    assert machine == stored.machine
    assert {"id", "name"} <= stored.document.fields.keys() <= set(MACHINE_FIELDS)
