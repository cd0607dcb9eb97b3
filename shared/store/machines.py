"""Machines in the store."""

from dataclasses import dataclass

from shared.domain.deadline import Deadline
from shared.domain.errors import MachineNotFound
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store import paths
from shared.store.codec import decode
from shared.store.firestore import Firestore
from shared.store.wire import Document


@dataclass(frozen=True)
class StoredMachine:
    """A machine, and the document that it was read from: a write's precondition."""

    machine: Machine
    document: Document


async def find_machine(
    firestore: Firestore, organization_id: str, machine_id: str, deadline: Deadline
) -> StoredMachine:
    """Read a machine.

    Raises:
        MachineNotFound: the organization has none of that id.
    """
    path = paths.machine(organization_id, machine_id)
    document = (await firestore.get([path], deadline)).get(path)
    if document is None:
        raise MachineNotFound(machine_id)
    return StoredMachine(decode(document.fields, Machine), document)
