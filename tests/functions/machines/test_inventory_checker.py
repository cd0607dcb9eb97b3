"""The checker that other tests use finds each kind of fault."""

from collections.abc import Callable
from typing import Any

import pytest
from google.cloud.firestore import Client, DocumentReference

from shared.pb.inventory.v1.events_pb2 import MachineCreated, MachineDeleted, MachineUpdated
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store import paths
from tests.event_log import TOPICS, EventLog, Payload
from tests.functions.machines.agents import registered
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_mac
from tests.inventory_checker import InventoryChecker, settled

Document = DocumentReference


def lose_the_claim(store: Client, machine: Document, claim: Document) -> None:
    del store, machine
    claim.delete()


def lose_the_machine(store: Client, machine: Document, claim: Document) -> None:
    del store, claim
    machine.delete()


def move_the_claim(store: Client, machine: Document, claim: Document) -> None:
    del machine
    store.document("identities", f"not {claim.id}").set(claim.get().to_dict() or {})
    claim.delete()


def give_the_claim_to_another(store: Client, machine: Document, claim: Document) -> None:
    del store, machine
    claim.update({"machine_id": "another"})


def change_the_machine_without_an_event(store: Client, machine: Document, claim: Document) -> None:
    del store, claim
    machine.update({"name": "other"})


def skip_a_version(store: Client, machine: Document, claim: Document) -> None:
    del store, claim
    machine.update({"version": 2})


def give_the_machine_a_mac_without_a_claim(store: Client, machine: Document, claim: Document) -> None:
    del store, claim
    machine.update({"nics": [{"mac": a_mac()}]})


def copy_the_machine(store: Client, machine: Document, claim: Document) -> None:
    del store, claim
    fields: dict[str, Any] = machine.get().to_dict() or {}
    machine.parent.document("copy").set(fields | {"id": "copy"})


def leave_an_event_behind(store: Client, machine: Document, claim: Document) -> None:
    del claim
    organization_id = machine.path.split("/")[1]
    store.document("outbox", machine.id).set(
        {"event_id": "e", "topic": "machine-created", "attributes": {"organization_id": organization_id}}
    )


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lose_the_claim, "not claimed"),
        (move_the_claim, "the claim's document is not "),
        (lose_the_machine, "is not stored"),
        (give_the_claim_to_another, "claimed by another"),
        (change_the_machine_without_an_event, "in another state"),
        (skip_a_version, "stored in version 2"),
        (give_the_machine_a_mac_without_a_claim, "not claimed"),
        (copy_the_machine, "events of the versions []"),
        (copy_the_machine, "2 machines have it"),
        (leave_an_event_behind, "outbox"),
    ],
)
async def test_a_damage_is_found(
    machines: MachinesApi,
    checker: InventoryChecker,
    damage: Callable[[Client, Document, Document], None],
    fault: str,
) -> None:
    machine = await registered(machines)
    identity = f"fingerprint:{machines.organization.id}:{machine['fingerprint']}"
    assert settled(checker.faults) == []

    damage(
        machines.store,
        machines.machines().document(machine["id"]),
        machines.store.document(paths.identity(identity)),
    )

    found = checker.faults()
    machines.store.document("outbox", machine["id"]).delete()  # the relay and other tests read the outbox too
    assert any(fault in line for line in found), found


async def test_an_acknowledged_machine_must_have_its_events(
    machines: MachinesApi, checker: InventoryChecker
) -> None:
    with_lost = InventoryChecker(machines.store, checker.log, machines.organization.id, acknowledged=["lost"])

    assert with_lost.faults() == ["lost: events of the versions []"]


def update(before: Machine, *fields: str, **after: Any) -> MachineUpdated:  # noqa: ANN401 - any fields
    """Make the event of a machine's second version."""
    changed = Machine()
    changed.CopyFrom(before)
    changed.MergeFrom(Machine(version=2, **after))
    return MachineUpdated(before=before, after=changed, changed_fields=fields)


def another(machine: Machine) -> Machine:
    """Return a machine with the same id in another state."""
    return Machine(id=machine.id, organization_id=machine.organization_id, name="other")


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda machine: MachineCreated(machine=machine), "has 2 events of the machine"),
        (lambda machine: MachineCreated(machine=update(machine).after), "created again"),
        (update, "changes nothing"),
        (lambda machine: update(another(machine), "name"), "does not continue the state before"),
        (lambda machine: update(machine, "name", updated_at={"seconds": 1}), "its time goes back"),
        (
            lambda machine: MachineDeleted(machine=another(machine), version=2),
            "does not continue the state before",
        ),
        (lambda machine: MachineDeleted(machine=machine, version=2), "is stored, which contradicts"),
        (lambda machine: MachineDeleted(machine=machine, version=3), "events of the versions [1, 3]"),
    ],
)
async def test_an_event_that_does_not_fit_is_found(
    machines: MachinesApi,
    log: EventLog,
    checker: InventoryChecker,
    make: Callable[[Machine], Payload],
    fault: str,
) -> None:
    machine_id = (await registered(machines))["id"]
    assert settled(checker.faults) == []
    [created] = log.of(machine_id)
    assert created.machine is not None
    message = make(created.machine)
    [topic] = [topic for topic, kind in TOPICS.items() if isinstance(message, kind)]
    attributes = {
        "ce-id": "another",
        "ce-time": created.time.isoformat(),
        "organization_id": created.organization_id,
    }

    log.add(topic, attributes, message.SerializeToString())

    found = checker.faults()
    assert any(fault in line for line in found), found
