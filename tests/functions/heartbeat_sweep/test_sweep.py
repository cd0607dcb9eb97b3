"""The sweep: silent machines become disconnected, and no others are read."""

import asyncio
import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import grpc
import httpx
import pytest
from google.cloud.firestore import Client
from google.cloud.pubsub import PublisherClient

from functions.heartbeat_sweep.sweep import PAGE, SECONDS, sweep
from shared.bootstrap import Inventory, new_id, now
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.domain.machine_change import MachineChange
from shared.pb.inventory.v1.events_pb2 import MachineUpdated
from shared.pb.inventory.v1.machine_pb2 import (
    MACHINE_STATUS_CONNECTED,
    MACHINE_STATUS_DISCONNECTED,
    MACHINE_STATUS_ERROR,
    Machine,
    MachineStatus,
)
from shared.pb.inventory.v1.records_pb2 import OutboxEntry
from shared.store import paths
from shared.store.codec import decode
from shared.store.firestore import Firestore
from shared.store.heartbeats import SHARDS
from shared.store.machines import MACHINE_FIELDS, change_machine, create_machine, read_stored_machine
from shared.store.queries import all_in
from shared.store.silent_machines import find_silent
from shared.store.transaction import Transaction
from shared.store.wire_format import Write, write
from shared.store.writes import delete
from tests.control import UNTIL_RELEASED, Control
from tests.logged import entries
from tests.stack import NewOrganization, RunningStack

DISCONNECT_AFTER = timedelta(minutes=5)
SILENT = DISCONNECT_AFTER + timedelta(seconds=1)


@dataclass(frozen=True)
class Fleet:
    """Machines in a project for one test, which has no topics, so their events stay in the outbox."""

    inventory: Inventory
    control: Control

    async def add(
        self,
        *silences: timedelta,
        status: MachineStatus = MACHINE_STATUS_CONNECTED,
        organization_id: str = "example",
        os_info: str = "",
    ) -> list[Machine]:
        """Store machines whose last heartbeats were that long ago."""
        machines = [
            Machine(
                id=new_id(),
                organization_id=organization_id,
                version=1,
                status=status,
                last_seen=now() - silence,
                os_info=os_info,
            )
            for silence in silences
        ]
        store = self.inventory.firestore
        await store.commit([create_machine(store, machine) for machine in machines], Deadline(10))
        return machines

    async def read(self, machine: Machine) -> Machine:
        """Read a machine."""
        found = await read_stored_machine(
            self.inventory.firestore, machine.organization_id, machine.id, Deadline(10)
        )
        return found.machine

    async def events(self) -> list[MachineUpdated]:
        """Read the events in the outbox."""
        documents = await self.inventory.firestore.query("", all_in("outbox"), Deadline(10))
        entries = [decode(document.fields, OutboxEntry) for document in documents]
        assert {"machine-updated"} >= {entry.topic for entry in entries}
        return [MachineUpdated.FromString(entry.data) for entry in entries]

    async def disconnected(self) -> list[str]:
        """Return the ids of the machines of the events in the outbox, sorted."""
        return sorted(event.after.id for event in await self.events())

    async def operations(self) -> tuple[int, int]:
        """Return how many documents have been read and written so far."""
        return await self.control.billed("reads"), await self.control.billed("writes")


@pytest.fixture
def fleet(own: Inventory, own_control: Control) -> Fleet:
    return Fleet(own, own_control)


def ids(machines: list[Machine]) -> list[str]:
    """Return the ids of machines, sorted."""
    return sorted(machine.id for machine in machines)


async def store_heartbeat(store: Firestore, machine: Machine, time: datetime) -> None:
    """Store a heartbeat."""
    await store.commit([await heartbeat(store, machine, time)], Deadline(10))


async def heartbeat(store: Firestore, machine: Machine, time: datetime) -> Write:
    """Return the write of a heartbeat."""
    stored = await read_stored_machine(store, machine.organization_id, machine.id, Deadline(10))
    alive = Machine()
    alive.CopyFrom(stored.machine)
    alive.last_seen.FromDatetime(time)
    change = MachineChange(before=stored.machine, after=alive, fields=["last_seen"])
    return change_machine(stored, change)


async def sweep_during(fleet: Fleet, machine: Machine, change: Write) -> None:
    """Sweep, and write a machine between the sweep's read and its commit, which waits for the lock."""
    async with Transaction(fleet.inventory.firestore, Deadline(10)) as transaction:
        await transaction.get([paths.machine(machine.organization_id, machine.id)])
        await fleet.control.fail_next("Commit", pattern=machine.id, delay_ms=0)
        sweeping = asyncio.create_task(sweep(fleet.inventory, DISCONNECT_AFTER))
        await fleet.control.struck()
        await transaction.commit([change], Deadline(10))
    await sweeping


async def spoil(store: Firestore, machine: Machine) -> None:
    """Change a document so that it cannot be decoded as a machine."""
    name = store.name(paths.machine(machine.organization_id, machine.id))
    document = {"name": name, "fields": {"version": {"string_value": "one"}}}
    undecodable = write(update=document, update_mask={"field_paths": ["version"]})
    await store.commit([undecodable], Deadline(10))


def later(inventory: Inventory, time: timedelta) -> Inventory:
    """Return the inventory with its clock set ahead."""
    return dataclasses.replace(inventory, clock=lambda: now() + time)


async def test_a_machine_that_is_silent_for_too_long_is_disconnected(fleet: Fleet) -> None:
    [machine] = await fleet.add(SILENT)
    time = now()

    await sweep(dataclasses.replace(fleet.inventory, clock=lambda: time), DISCONNECT_AFTER)

    after = await fleet.read(machine)
    assert (after.status, after.version) == (MACHINE_STATUS_DISCONNECTED, 2)
    assert after.updated_at.ToDatetime(UTC) == time
    assert machine.last_seen == after.last_seen
    [event] = await fleet.events()
    assert machine == event.before
    assert after == event.after
    assert list(event.changed_fields) == ["status"]


async def test_its_events_have_left_the_outbox_when_it_ends(fleet: Fleet, publisher: PublisherClient) -> None:
    """Cloud Run gives an instance no CPU after the response, and the relay would publish the events again."""
    publisher.create_topic(name=f"projects/{fleet.inventory.project}/topics/machine-updated")
    [machine] = await fleet.add(SILENT)

    await sweep(fleet.inventory, DISCONNECT_AFTER)

    assert (await fleet.read(machine)).status == MACHINE_STATUS_DISCONNECTED
    assert await fleet.events() == []


async def test_a_sweep_does_not_wait_for_long_until_its_events_have_left_the_outbox(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call would take longer than the function's timeout, and the relay deletes the events too."""
    monkeypatch.setattr("functions.heartbeat_sweep.sweep.DROP_SECONDS", 0.1)
    monkeypatch.setattr("shared.store.outbox.DROP_SECONDS", 60.0)
    store, outbox = fleet.inventory.firestore, fleet.inventory.outbox
    marker = store.name(paths.outbox("event"))
    await fleet.control.fail_next("Commit", pattern=marker, delay_ms=UNTIL_RELEASED)
    outbox.drop(["event"])
    await fleet.control.struck()

    async with asyncio.timeout(5):
        await sweep(fleet.inventory, DISCONNECT_AFTER)

    await fleet.control.release()
    await outbox.flush(60.0)


async def test_only_silent_machines_are_read(fleet: Fleet) -> None:
    await fleet.add(*[timedelta()] * 50, DISCONNECT_AFTER - timedelta(seconds=30))
    for status in (MACHINE_STATUS_DISCONNECTED, MACHINE_STATUS_ERROR):
        await fleet.add(*[SILENT] * 50, status=status)
    silent = await fleet.add(*[SILENT] * 3)
    reads, writes = await fleet.operations()

    await sweep(fleet.inventory, DISCONNECT_AFTER)

    assert (reads + len(silent), writes + 2 * len(silent)) == await fleet.operations()
    assert ids(silent) == await fleet.disconnected()


async def test_a_sweep_that_finds_nobody_is_one_read(fleet: Fleet) -> None:
    await fleet.add(timedelta())
    reads, writes = await fleet.operations()

    await sweep(fleet.inventory, DISCONNECT_AFTER)

    assert (reads + 1, writes) == await fleet.operations()


async def test_a_machine_is_found_in_every_shard_and_organization(fleet: Fleet) -> None:
    machines = [
        machine
        for number in range(4)
        for machine in await fleet.add(*[SILENT] * SHARDS, organization_id=f"organization-{number}")
    ]

    await sweep(fleet.inventory, DISCONNECT_AFTER)

    assert ids(machines) == await fleet.disconnected()


async def test_the_longest_silence_comes_first_and_pages_miss_nobody(fleet: Fleet) -> None:
    count = 2 * PAGE + 1
    machines = await fleet.add(*(SILENT + timedelta(seconds=7 * number % count) for number in range(count)))
    for machine in sorted(machines, key=lambda machine: machine.last_seen.ToDatetime())[:PAGE]:
        await fleet.control.fail_next("Commit", pattern=machine.id, delay_ms=UNTIL_RELEASED)

    sweeping = asyncio.create_task(sweep(fleet.inventory, DISCONNECT_AFTER, seconds=60.0))
    await fleet.control.struck()
    assert await fleet.events() == []  # of machines that have been silent for less long
    await fleet.control.release()
    await sweeping

    assert ids(machines) == await fleet.disconnected()


async def test_pages_neither_miss_nor_repeat_machines_that_fell_silent_at_the_same_time(fleet: Fleet) -> None:
    time = now() - SILENT
    machines = await fleet.add(*[SILENT] * 5)
    store = fleet.inventory.firestore
    for machine in machines:
        await store_heartbeat(store, machine, time)

    found, _ = await find_silent(store, since=now(), after=None, limit=2, deadline=Deadline(10))
    for _ in range(2):
        more, _ = await find_silent(store, since=now(), after=found[-1], limit=2, deadline=Deadline(10))
        found += more

    assert ids(machines) == [document.fields["id"].string_value for document in found]


async def test_sweeps_at_once_disconnect_a_machine_once(fleet: Fleet) -> None:
    machines = await fleet.add(*[SILENT] * 20)

    await asyncio.gather(*(sweep(fleet.inventory, DISCONNECT_AFTER) for _ in range(4)))

    assert ids(machines) == await fleet.disconnected()
    assert {2} == {(await fleet.read(machine)).version for machine in machines}


async def test_a_machine_that_is_heard_of_meanwhile_stays_connected(fleet: Fleet) -> None:
    """The commit is rejected, and the machine's new state requires no other."""
    [machine] = await fleet.add(SILENT)

    await sweep_during(fleet, machine, await heartbeat(fleet.inventory.firestore, machine, now()))

    assert (await fleet.read(machine)).status == MACHINE_STATUS_CONNECTED
    assert await fleet.events() == []


async def test_a_machine_that_is_deleted_meanwhile_is_no_failure(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    [machine] = await fleet.add(SILENT)
    store = fleet.inventory.firestore
    path = store.name(paths.machine(machine.organization_id, machine.id))

    await sweep_during(fleet, machine, delete(path))

    [report] = entries(capsys)
    assert (report["silent"], report["failed"]) == (1, 0)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_commit_without_a_response_takes_effect_once(fleet: Fleet, when: str) -> None:
    machines = await fleet.add(*[SILENT] * 3)
    await fleet.control.fail_next("Commit", pattern="machines/", when=when, code="UNAVAILABLE", count=2)

    await sweep(fleet.inventory, DISCONNECT_AFTER)

    assert ids(machines) == await fleet.disconnected()


async def test_a_document_that_is_no_machine_does_not_stop_the_others_and_fails_the_call(
    fleet: Fleet,
) -> None:
    """It stays silent until somebody corrects it, and only the alert on failed calls reports it."""
    broken, sound = await fleet.add(SILENT + timedelta(days=1), SILENT)
    await spoil(fleet.inventory.firestore, broken)

    with pytest.raises(Unavailable):
        await sweep(fleet.inventory, DISCONNECT_AFTER)

    assert [sound.id] == await fleet.disconnected()


@pytest.mark.parametrize("code", ["UNAVAILABLE", "PERMISSION_DENIED"])
async def test_a_machine_that_cannot_be_disconnected_now_stops_no_other_and_fails_the_call(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    """The machine is on the first page, and is not read again. The response is an error."""
    first, failing = await fleet.add(SILENT + timedelta(days=2), SILENT + timedelta(days=1))
    others = [first, *await fleet.add(*[SILENT] * (PAGE - 1))]
    await fleet.control.fail_next("Commit", pattern=failing.id, code=code, count=1000)

    with pytest.raises(Unavailable) as raised:
        await sweep(fleet.inventory, DISCONNECT_AFTER, seconds=5.0)
    assert raised.value.__context__ is None  # the machine's own entry has the cause

    assert ids(others) == await fleet.disconnected()
    logged = {entry["message"]: entry for entry in entries(capsys)}
    report = logged[f"heartbeats: {PAGE + 1} machines silent"]
    assert (report["silent"], report["failed"]) == (PAGE + 1, 1)
    failure = logged["a silent machine was not disconnected"]
    assert failure["severity"] == "ERROR"
    assert failure["document"].endswith(f"/machines/{failing.id}")
    assert code in failure["exception"]

    await fleet.control.forget()
    await sweep(fleet.inventory, DISCONNECT_AFTER)
    assert (await fleet.read(failing)).status == MACHINE_STATUS_DISCONNECTED


async def test_a_sweep_ends_in_time_and_reports_that_there_are_too_many(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next call continues. Without an end, calls would overlap."""
    time = 0.0
    own_deadline = partial(Deadline, monotonic=lambda: time)
    monkeypatch.setattr("functions.heartbeat_sweep.sweep.Deadline", own_deadline)
    await fleet.add(*[SILENT] * (PAGE + 1))
    await fleet.control.fail_next("Commit", pattern="machines/", delay_ms=UNTIL_RELEASED, count=PAGE)

    sweeping = asyncio.create_task(sweep(fleet.inventory, DISCONNECT_AFTER, seconds=60.0))
    await fleet.control.struck()
    time = SECONDS  # those machines have longer
    await fleet.control.release()
    with pytest.raises(Unavailable):
        await sweeping

    assert len(await fleet.events()) == PAGE
    [report] = [logged for logged in entries(capsys) if logged["message"].startswith("heartbeats:")]
    assert (report["silent"], report["failed"]) == (PAGE, 0)


async def test_a_machine_that_takes_long_delays_no_other(fleet: Fleet) -> None:
    """If each page waited for its slowest machine, a sweep of many machines would mostly wait."""
    [slow] = await fleet.add(SILENT + timedelta(days=1))
    others = await fleet.add(*[SILENT] * (2 * PAGE))
    await fleet.control.fail_next("Commit", pattern=slow.id, delay_ms=UNTIL_RELEASED)

    sweeping = asyncio.create_task(sweep(fleet.inventory, DISCONNECT_AFTER, seconds=60.0))
    async with asyncio.timeout(20):
        while len(await fleet.events()) < len(others):
            pass

    assert (await fleet.read(slow)).status == MACHINE_STATUS_CONNECTED
    await fleet.control.release()
    await sweeping
    assert (await fleet.read(slow)).status == MACHINE_STATUS_DISCONNECTED


async def test_few_large_machines_are_disconnected_at_a_time(fleet: Fleet) -> None:
    """Each takes several times its size, so that 50 of the largest take nearly all memory of an instance."""
    count, at_once = 12, 7  # each counts as seven
    machines = await fleet.add(*[SILENT] * count, os_info="x" * 450_000)
    await fleet.control.fail_next("Commit", pattern="machines/", delay_ms=UNTIL_RELEASED, count=count)

    async def to_come() -> int:
        return sum(fault["count"] for fault in await fleet.control.waiting())

    sweeping = asyncio.create_task(sweep(fleet.inventory, DISCONNECT_AFTER, seconds=60.0))
    async with asyncio.timeout(20):
        while await to_come() > count - at_once:
            pass
    left = [await to_come() for _ in range(20)][-1]  # the sweep runs between these calls
    await fleet.control.forget()
    await sweeping

    assert left == count - at_once
    for machine in machines:
        assert (await fleet.read(machine)).status == MACHINE_STATUS_DISCONNECTED


async def test_what_was_done_is_reported_also_when_the_store_fails(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    await fleet.control.fail_next("RunQuery", pattern=fleet.control.project, code="PERMISSION_DENIED")

    with pytest.raises(grpc.aio.AioRpcError, match="PERMISSION_DENIED"):
        await sweep(fleet.inventory, DISCONNECT_AFTER)

    assert [entry["message"] for entry in entries(capsys)] == ["heartbeats: 0 machines silent"]


async def test_no_search_terms_are_read(fleet: Fleet) -> None:
    """They are larger than all other fields of a machine."""
    await fleet.add(SILENT)

    [document], _ = await find_silent(
        fleet.inventory.firestore, since=now(), after=None, limit=PAGE, deadline=Deadline(10)
    )

    assert {"id", "last_seen"} <= document.fields.keys() <= set(MACHINE_FIELDS)


async def test_a_clock_that_is_ahead_disconnects_only_machines_that_are_silent_by_the_stores(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise one wrong clock would disconnect the whole fleet, and heartbeats do not undo that."""
    *silent, alive = await fleet.add(*[SILENT] * 3, DISCONNECT_AFTER - timedelta(seconds=30))

    await sweep(later(fleet.inventory, timedelta(minutes=10)), DISCONNECT_AFTER)

    assert (await fleet.read(alive)).status == MACHINE_STATUS_CONNECTED
    assert ids(silent) == await fleet.disconnected()
    [report] = [logged for logged in entries(capsys) if logged["message"].startswith("heartbeats:")]
    assert (report["silent"], report["failed"]) == (3, 0)


async def test_a_clock_that_is_ahead_disconnects_no_machine_that_is_heard_of_meanwhile(fleet: Fleet) -> None:
    [machine] = await fleet.add(SILENT)
    change = await heartbeat(fleet.inventory.firestore, machine, now())
    ahead = dataclasses.replace(fleet, inventory=later(fleet.inventory, timedelta(minutes=10)))

    await sweep_during(ahead, machine, change)

    assert (await fleet.read(machine)).status == MACHINE_STATUS_CONNECTED


async def test_the_schedule_calls_it_and_clients_see_what_it_did(
    stack: RunningStack, http: httpx.AsyncClient, new_organization: NewOrganization, firestore_client: Client
) -> None:
    organization = new_organization()
    body = {"fingerprint": "example", "unkey_key_id": "key_example"}
    registered = await http.post("/v1/machines", json=body, headers=organization.headers)
    path = f"/v1/machines/{registered.json()['id']}"
    await http.patch(path, json={"status": "connected"}, headers=organization.headers)
    stored = firestore_client.document(f"organizations/{organization.id}/machines/{registered.json()['id']}")
    stored.update({"last_seen": now() - SILENT})

    response = await http.post(stack.functions["heartbeat_sweep"])

    assert response.status_code == 204
    swept = (await http.patch(path, json={}, headers=organization.headers)).json()
    assert swept["status"] == "disconnected"
