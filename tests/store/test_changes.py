"""A change is applied once, and its response and events match its commit, whatever happens to the commit."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import grpc.aio
import pytest
from starlette.requests import Request

from functions.pools.assignment import add
from google_apis.firestore.document_pb2 import Document
from shared.bootstrap import Inventory
from shared.domain import events, machines
from shared.domain.access import Caller
from shared.domain.command import Command
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.domain.http_response import HttpResponse
from shared.domain.machine_change import MachineChange
from shared.edge.resource import Call
from shared.edge.turns import Turns
from shared.pb.inventory.v1.events_pb2 import PoolChange
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.pb.inventory.v1.records_pb2 import OutboxEntry
from shared.store import paths, writes
from shared.store.change import SETTLE_SECONDS, Decide, Decision
from shared.store.changes import Changes, Publish
from shared.store.codec import decode
from shared.store.errors import Ambiguous, Rejected
from shared.store.firestore import Firestore
from shared.store.outbox import Outbox
from shared.store.transaction import Transaction
from shared.store.wire_format import Write
from tests.control import UNTIL_RELEASED, Control

START = datetime(2026, 1, 1, tzinfo=UTC)
ID = "0193a5d2-7b1c-7000-8000-000000000000"
MACHINE = paths.machine("example", ID)


class LateFirestore(Firestore):
    """A database whose first commit fails, and is applied only when `arrive` is called."""

    def __init__(self, project: str) -> None:
        super().__init__(project, "(default)")
        self._held: Sequence[Write] | None = None

    async def commit(
        self, writes: Sequence[Write], deadline: Deadline, *, transaction: bytes = b""
    ) -> datetime:
        if self._held is None:
            self._held = writes
            raise Ambiguous("the connection was cut")
        return await super().commit(writes, deadline, transaction=transaction)

    async def arrive(self) -> None:
        assert self._held is not None
        await super().commit(self._held, Deadline(5))


class WatchedFirestore(Firestore):
    """A database that counts the lookups for the result of a change."""

    looks = 0

    async def get_all(
        self, paths: Sequence[str], deadline: Deadline, *, fields: Sequence[str] = ()
    ) -> dict[str, Document]:
        self.looks += 1
        return await super().get_all(paths, deadline, fields=fields)


def changes_of(
    firestore: Firestore,
    published: list[OutboxEntry],
    *,
    clock: Callable[[], datetime] = lambda: START,
    publish: Publish | None = None,
) -> Changes:
    async def note(entries: Sequence[OutboxEntry], _: datetime) -> list[str]:
        published.extend(entries)
        return []

    numbers = count()
    return Changes(
        firestore,
        publish=publish or note,
        outbox=Outbox(firestore),
        clock=clock,
        new_id=lambda: f"{id(published)}-{next(numbers)}",
    )


def command(key: str | None = None, *, seconds: float = 8) -> Command:
    return Command(
        organization_id="example", idempotency_key=key, request_digest=b"digest", deadline=Deadline(seconds)
    )


def renaming(firestore: Firestore, path: str, name: str) -> Decide:
    async def decide(_: Transaction) -> Decision:
        seen = await firestore.get(path, Deadline(5))
        assert seen is not None
        before = decode(seen.fields, Machine)
        change = machines.update(before, {"name": name}, now=START)
        return Decision(
            response=HttpResponse(status=200, body=str(change.after.version).encode()),
            writes=[writes.update(change.after, ["name", "version"], seen)],
            events=[events.machine_updated(change)],
        )

    return decide


async def test_a_commit_that_arrives_late_gets_the_response_and_the_event_of_what_it_was(
    own: Inventory, project: str
) -> None:
    """Another change is committed between it and the next attempt, which so decides differently."""
    firestore = LateFirestore(project)
    published: list[OutboxEntry] = []
    path = paths.machine("example", "late")
    machine = Machine(id="late", organization_id="example", version=3)
    await own.firestore.commit([writes.create(firestore.name(path), machine)], Deadline(5))
    attempts = count()

    async def decide(transaction: Transaction) -> Decision:
        if next(attempts) == 1:
            await firestore.arrive()
            await changes_of(own.firestore, []).apply(command(), renaming(firestore, path, "other"))
        return await renaming(firestore, path, "mine")(transaction)

    response = await changes_of(firestore, published).apply(command(), decide)

    document = await firestore.get(path, Deadline(5))
    assert document is not None
    stored = decode(document.fields, Machine)
    assert (stored.version, stored.name) == (5, "other")
    assert response.body == b"4"
    assert [events.machine_updated(_renaming(machine)).message.SerializeToString()] == [
        entry.data for entry in published
    ]


class OvertakenFirestore(LateFirestore):
    """A database whose first commit is applied after a lookup for it, and then another change."""

    async def get_all(
        self, paths: Sequence[str], deadline: Deadline, *, fields: Sequence[str] = ()
    ) -> dict[str, Document]:
        found = await super().get_all(paths, deadline, fields=fields)
        if not found:
            await self.arrive()
            await changes_of(self, []).apply(command(), renaming(self, MACHINE, "other"))
        return found


async def test_an_assignment_that_arrives_late_shows_its_machines_as_of_its_commit(
    own: Inventory, project: str
) -> None:
    """For the next attempt, the machine is already a member, and has another name."""
    firestore = OvertakenFirestore(project)
    machine = Machine(id=ID, organization_id="example", name="first", version=1)
    machine.last_seen.FromDatetime(START)
    pool = Pool(id=ID, organization_id="example", version=1)
    for path, message in ((MACHINE, machine), (paths.pool("example", ID), pool)):
        await own.firestore.commit([writes.create(firestore.name(path), message)], Deadline(5))
    headers = [(b"content-type", b"application/json")]
    target = {"method": "POST", "raw_path": b"/", "query_string": b"", "path_params": {"pool_id": ID}}
    call = Call(
        request=Request({"type": "http", "headers": headers, **target}),
        body=f'{{"machine_ids": ["{ID}"]}}'.encode(),
        caller=Caller("example", "key", frozenset()),
        deadline=Deadline(8),
        turns=Turns(),
    )

    response = await add(replace(own, firestore=firestore, changes=changes_of(firestore, [])), call)

    assert [machine["name"] for machine in json.loads(response.body)["machines"]] == ["first"]


@pytest.mark.usefixtures("own")
async def test_a_late_commit_that_leaves_nothing_to_change_has_its_event(project: str) -> None:
    """The next attempt finds the desired state."""
    firestore = LateFirestore(project)
    published: list[OutboxEntry] = []
    attempts = count()

    async def decide(transaction: Transaction) -> Decision:
        if next(attempts) == 0:
            return await creating(firestore, "wanted")(transaction)
        await firestore.arrive()
        return Decision(response=HttpResponse(status=200))

    response = await changes_of(firestore, published).apply(command(), decide)

    assert (response.status, [entry.topic for entry in published]) == (201, ["machine-created"])


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("key", [None, "key"])
@pytest.mark.parametrize("code", ["ABORTED", "PERMISSION_DENIED"])
async def test_a_late_commit_is_found_although_the_next_one_fails(
    project: str, own_control: Control, key: str | None, code: str
) -> None:
    """The response must not be an error, because the change is applied."""
    firestore = LateFirestore(project)
    published: list[OutboxEntry] = []
    attempts = count()

    async def decide(transaction: Transaction) -> Decision:
        if next(attempts) == 1:
            await firestore.arrive()
            await own_control.fail_next("Commit", pattern=project, code=code)
        return await creating(firestore, "busy")(transaction)

    response = await changes_of(firestore, published).apply(command(key), decide)

    assert (response.status, [entry.topic for entry in published]) == (201, ["machine-created"])
    assert next(attempts) == 2


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "UNAUTHENTICATED"])
async def test_a_change_that_may_be_applied_is_unavailable_if_the_lookup_is_rejected(
    own: Inventory, project: str, own_control: Control, code: str
) -> None:
    """Any other error would mean that nothing has changed, but the repeat is a replay."""
    await own_control.fail_next("Commit", pattern=project, when="after", code="UNAVAILABLE")
    await own_control.fail_next("BatchGetDocuments", pattern=project, code=code)
    published: list[OutboxEntry] = []
    changes = changes_of(own.firestore, published)

    with pytest.raises(Unavailable) as raised:
        await changes.apply(command("key"), creating(own.firestore, "wanted"))
    repeated = await changes.apply(command("key"), creating(own.firestore, "wanted"))

    assert isinstance(raised.value.__cause__, grpc.aio.AioRpcError)
    assert repeated.headers["Idempotent-Replayed"] == "true"


async def test_a_commit_without_a_response_is_found_although_its_locks_are_not_released(
    own: Inventory, project: str, own_control: Control
) -> None:
    """The release ends before the deadline, so that there is time to look for the commit."""
    await own_control.fail_next("Commit", pattern=project, when="after", delay_ms=UNTIL_RELEASED)
    await own_control.fail_next("Rollback", pattern=project, code="UNAVAILABLE", count=1000)

    async def decide(transaction: Transaction) -> Decision:
        await transaction.get([MACHINE])
        return await creating(own.firestore, "wanted")(transaction)

    published: list[OutboxEntry] = []
    response = await changes_of(own.firestore, published).apply(command(seconds=SETTLE_SECONDS + 0.5), decide)

    assert (response.status, [entry.topic for entry in published]) == (201, ["machine-created"])


@pytest.mark.usefixtures("own")
async def test_contention_is_looked_into_only_where_a_commit_got_no_response(
    project: str, own_control: Control
) -> None:
    """A failed read leads to one lookup, for an earlier request's response; contention leads to none."""
    firestore = WatchedFirestore(project, "(default)")
    attempts = count()

    async def decide(transaction: Transaction) -> Decision:
        fault = {0: ("BatchGetDocuments", "UNAVAILABLE"), 1: ("Commit", "ABORTED")}.get(next(attempts))
        if fault is not None:
            await own_control.fail_next(fault[0], pattern=project, code=fault[1])
        await transaction.get([paths.machine("example", "contended")])
        return await creating(firestore, "contended")(transaction)

    response = await changes_of(firestore, []).apply(command("key"), decide)

    assert (response.status, next(attempts), firestore.looks) == (201, 3, 1)


@pytest.mark.parametrize("method", ["BatchGetDocuments", "GetDocument", "Commit"])
async def test_the_stores_last_error_is_the_cause_of_the_failure_after_the_deadline(
    own: Inventory, own_control: Control, method: str
) -> None:
    """The log shows it."""
    await own_control.fail_next(method, pattern=own.project, code="UNAVAILABLE", count=1000)
    deadline = Deadline(SETTLE_SECONDS + 0.3)

    async def decide(transaction: Transaction) -> Decision:
        await transaction.get([MACHINE])
        await own.firestore.get(MACHINE, deadline)
        return await creating(own.firestore, "machine")(transaction)

    with pytest.raises(Unavailable) as raised:
        await own.changes.apply(Command(organization_id="example", deadline=deadline), decide)

    assert isinstance(raised.value.__cause__, Ambiguous)


async def test_what_a_late_commit_has_created_is_not_created_again(own: Inventory, project: str) -> None:
    """It has been deleted before the next attempt."""
    firestore = LateFirestore(project)
    published: list[OutboxEntry] = []
    path = paths.machine("example", "gone")
    attempts = count()

    async def decide(transaction: Transaction) -> Decision:
        if next(attempts) == 1:
            await firestore.arrive()
            await own.firestore.commit([writes.delete(firestore.name(path))], Deadline(5))
        return await creating(firestore, "gone")(transaction)

    response = await changes_of(firestore, published).apply(command(), decide)

    assert (response.status, [entry.topic for entry in published]) == (201, ["machine-created"])
    assert await firestore.get(path, Deadline(5)) is None


async def test_what_was_created_and_deleted_does_not_come_back_with_a_late_commit(
    own: Inventory, project: str
) -> None:
    """The request was answered after its second attempt, and its event was published."""
    firestore = LateFirestore(project)
    outbox = Outbox(own.firestore)
    path = paths.machine("example", "back")

    async def publish(entries: Sequence[OutboxEntry], _: datetime) -> list[str]:
        return [entry.event_id for entry in entries]

    changes = Changes(
        firestore, publish=publish, outbox=outbox, clock=lambda: START, new_id=lambda: f"{project}-back"
    )
    await changes.apply(command(), creating(firestore, "back"))
    await own.firestore.commit([writes.delete(firestore.name(path))], Deadline(5))
    await outbox.flush(5)

    with pytest.raises(Rejected):
        await firestore.arrive()

    assert await firestore.get(path, Deadline(5)) is None


@pytest.mark.parametrize(
    ("key", "names"), [(None, ("a", "b")), (None, ("a",)), ("key", ("a", "b")), ("key", ("a",)), ("key", ())]
)
async def test_the_response_and_the_events_are_those_of_the_committed_decision(
    own: Inventory, project: str, own_control: Control, key: str | None, names: Sequence[str]
) -> None:
    """The first attempt decides on three events, and is lost. The second's commit only loses its response."""
    for when in ("before", "after"):
        await own_control.fail_next("Commit", pattern=project, code="UNAVAILABLE", when=when)
    machine = Machine(id="decided", organization_id="example", version=1)
    path = own.firestore.name(paths.machine("example", machine.id))
    pending = iter([("a", "b", "c"), names])
    published: list[OutboxEntry] = []

    async def decide(_: Transaction) -> Decision:
        pools = next(pending)
        removed = PoolChange.POOL_CHANGE_MACHINES_REMOVED
        return Decision(
            response=HttpResponse(status=200, body=str(len(pools)).encode()),
            writes=[writes.create(path, machine)],
            events=[events.pool_changed(Pool(id=pool), removed, []) for pool in pools],
        )

    response = await changes_of(own.firestore, published).apply(command(key), decide)

    assert (response.body, [entry.ordering_key for entry in published]) == (
        str(len(names)).encode(),
        list(names),
    )


def _renaming(machine: Machine) -> MachineChange:
    return machines.update(machine, {"name": "mine"}, now=START)


def creating(firestore: Firestore, machine_id: str) -> Decide:
    machine = Machine(id=machine_id, organization_id="example", version=1)

    async def decide(_: Transaction) -> Decision:
        return Decision(
            response=HttpResponse(status=201),
            writes=[writes.create(firestore.name(paths.machine("example", machine_id)), machine)],
            events=[events.machine_created(machine)],
        )

    return decide


async def test_a_commit_that_never_gets_a_response_is_looked_for_before_the_deadline(
    own: Inventory, project: str, own_control: Control
) -> None:
    await own_control.fail_next("Commit", pattern=project, when="after", delay_ms=60_000)
    published: list[OutboxEntry] = []

    change = command(seconds=SETTLE_SECONDS + 1)
    response = await changes_of(own.firestore, published).apply(change, creating(own.firestore, "unanswered"))

    assert response == HttpResponse(status=201)
    assert [entry.topic for entry in published] == ["machine-created"]


async def test_a_response_is_completed_while_its_event_is_published(own: Inventory) -> None:
    """Each of the two continues only when both have begun."""
    both = asyncio.Barrier(2)

    async def publish(entries: Sequence[OutboxEntry], _: datetime) -> list[str]:
        await both.wait()
        return [entry.event_id for entry in entries]

    async def complete(decision: Decision, _: datetime | None) -> HttpResponse:
        await both.wait()
        return replace(decision.response, body=b"complete")

    changes = changes_of(own.firestore, [], publish=publish)
    async with asyncio.timeout(5):
        response = await changes.apply(command(), creating(own.firestore, "both"), complete=complete)

    assert response == HttpResponse(status=201, body=b"complete")


async def test_a_publish_has_ended_when_the_response_cannot_be_completed(own: Inventory) -> None:
    completing = asyncio.Event()
    published: list[str] = []

    async def publish(entries: Sequence[OutboxEntry], _: datetime) -> list[str]:
        await completing.wait()
        await asyncio.sleep(0)
        published.extend(entry.topic for entry in entries)
        return []

    async def complete(_: Decision, __: datetime | None) -> HttpResponse:
        completing.set()
        raise ZeroDivisionError

    changes = changes_of(own.firestore, [], publish=publish)
    with pytest.raises(ZeroDivisionError):
        await changes.apply(command(), creating(own.firestore, "broken"), complete=complete)

    assert published == ["machine-created"]


async def test_an_expired_record_that_the_store_deletes_meanwhile_does_not_stand_in_the_way(
    own: Inventory,
) -> None:
    now = START
    record = own.firestore.name(paths.idempotency("example", "key"))
    published: list[OutboxEntry] = []
    changes = changes_of(own.firestore, published, clock=lambda: now)
    attempts = count()

    async def decide(_: Transaction) -> Decision:
        if next(attempts) == 2:
            await own.firestore.commit([writes.delete(record)], Deadline(5))
        return Decision(response=HttpResponse(status=204))

    await changes.apply(command("key"), decide)
    now = START + timedelta(hours=24)

    assert await changes.apply(command("key"), decide) == HttpResponse(status=204)
