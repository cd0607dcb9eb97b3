"""`DELETE /api/v1/machines/{id}` and `DELETE /v1/machines/{id}`: no part of the machine remains."""

import uuid

import pytest

from shared.pb.inventory.v1.events_pb2 import MachineDeleted, PoolChange, PoolChanged
from tests.control import Control
from tests.event_log import EventLog, ReceivedEvent
from tests.functions.machines.agents import AGENTS, a_pool, faults, missing, registered, shown
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.machines.expectations import ERRORS, PATH, common_headers, created, problem
from tests.inventory_checker import InventoryChecker, settled

FAMILIES = [PATH, AGENTS]


def member_removals(log: EventLog, pool_id: str) -> list[ReceivedEvent]:
    """Return the events about members that left a pool."""
    return [
        event
        for event in log.events()
        if isinstance(event.message, PoolChanged)
        and event.message.pool.id == pool_id
        and event.message.change == PoolChange.POOL_CHANGE_MACHINES_REMOVED
    ]


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_deleted_machine_is_gone_for_both_families(machines: MachinesApi, family: str) -> None:
    machine_id = created(await machines.register(a_body()))

    response = await machines.call("DELETE", f"{family}/{machine_id}")

    assert response.status_code == 204
    assert response.content == b""
    assert "content-type" not in response.headers
    common_headers(response)
    assert not machines.machines().document(machine_id).get().exists
    for path in FAMILIES:
        missing(await machines.call("DELETE", f"{path}/{machine_id}"), machine_id)


@pytest.mark.parametrize("family", FAMILIES)
async def test_its_identities_are_free_at_once(
    machines: MachinesApi, checker: InventoryChecker, family: str
) -> None:
    macs = [{"mac": a_mac()} for _ in range(3)]
    agent = await registered(machines)
    shown(await machines.call("PUT", f"{PATH}/{agent['id']}", a_body(nics=macs)))
    assert (await machines.call("DELETE", f"{family}/{agent['id']}")).status_code == 204

    created(await machines.register(a_body(nics=macs)))
    await registered(machines, fingerprint=agent["fingerprint"])

    assert settled(checker.faults) == []


async def test_the_event_has_the_last_state_and_the_next_version(
    machines: MachinesApi, log: EventLog, checker: InventoryChecker
) -> None:
    machine_id = created(await machines.register(a_body()))
    await machines.call("PUT", f"{PATH}/{machine_id}", a_body())

    await machines.call("DELETE", f"{PATH}/{machine_id}")

    assert log.wait_for(lambda log: len(log.of(machine_id)) == 3)
    _, updated, deleted = log.of(machine_id)
    assert isinstance(deleted.message, MachineDeleted)
    assert updated.machine == deleted.message.machine
    assert deleted.message.version == 3
    assert updated.time < deleted.time
    assert settled(checker.faults) == []


async def test_each_of_its_pools_has_an_event(
    machines: MachinesApi, log: EventLog, checker: InventoryChecker
) -> None:
    machine_id, other_id = [created(await machines.register(a_body())) for _ in range(2)]
    pools = [await a_pool(machines, machine_id, other_id) for _ in range(2)]
    unconcerned = await a_pool(machines, other_id)

    await machines.call("DELETE", f"{PATH}/{machine_id}")

    assert log.wait_for(lambda log: all(member_removals(log, pool_id) for pool_id in pools))
    for pool_id in pools:
        [removal] = member_removals(log, pool_id)
        assert isinstance(removal.message, PoolChanged)
        assert [(machine_id, 4)] == [(machine.id, machine.version) for machine in removal.message.machines]
        assert removal.message.pool.name == "pool"
        assert removal.organization_id == machines.organization.id
    assert settled(checker.faults) == []
    assert member_removals(log, unconcerned) == []


async def test_a_deleted_pool_has_no_event(
    machines: MachinesApi, log: EventLog, checker: InventoryChecker
) -> None:
    """A pool's deletion event includes all its members, even those that still have its id."""
    machine_id = created(await machines.register(a_body()))
    dead, alive = await a_pool(machines, machine_id), await a_pool(machines, machine_id)
    machines.store.document("organizations", machines.organization.id, "pools", dead).delete()

    await machines.call("DELETE", f"{PATH}/{machine_id}")

    assert log.wait_for(lambda log: bool(member_removals(log, alive)))
    assert settled(checker.faults) == []
    assert member_removals(log, dead) == []


@pytest.mark.parametrize("family", FAMILIES)
async def test_if_match_holds_back_the_deletion_of_another_version(
    machines: MachinesApi, family: str
) -> None:
    machine_id = created(await machines.register(a_body()))

    response = await machines.call("DELETE", f"{family}/{machine_id}", headers={"If-Match": '"2"'})

    assert problem(response, 412)["type"] == f"{ERRORS}/precondition-failed"
    assert machines.stored(machine_id)["version"] == 1
    right = await machines.call("DELETE", f"{family}/{machine_id}", headers={"If-Match": '"1"'})
    assert right.status_code == 204


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_deletion_with_a_key_is_replayed_though_the_machine_is_gone(
    machines: MachinesApi, pubsub_control: Control, family: str
) -> None:
    machine_id = created(await machines.register(a_body()))
    key = {"Idempotency-Key": "a"}
    await pubsub_control.tally("Publish", machine_id)

    first = await machines.call("DELETE", f"{family}/{machine_id}", headers=key)
    replay = await machines.call("DELETE", f"{family}/{machine_id}", headers=key)

    assert (first.status_code, replay.status_code) == (204, 204)
    assert "idempotent-replayed" not in first.headers
    assert replay.headers["idempotent-replayed"] == "true"
    assert await pubsub_control.tallied() == 1


async def test_an_unknown_machine_is_not_found_by_agents_either(
    machines: MachinesApi, others: MachinesApi
) -> None:
    theirs = created(await others.register(a_body()))
    for method, body in (("DELETE", None), ("PATCH", {"name": "other"})):
        for machine_id in (theirs, str(uuid.uuid4())):
            missing(await machines.call(method, f"{AGENTS}/{machine_id}", body), machine_id)
    assert others.stored(theirs)["version"] == 1


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
async def test_an_id_that_is_none_is_a_fault_of_the_path(machines: MachinesApi, method: str) -> None:
    [(location, words, kind)] = faults(await machines.call(method, f"{AGENTS}/none", {}))

    assert location == ["path", "machine_id"]
    assert words.startswith("Input should be a valid UUID, ")
    assert kind == "uuid_parsing"
