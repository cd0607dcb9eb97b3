"""Published events are deleted from the outbox, and no request waits for this."""

import asyncio
from collections.abc import Sequence

import pytest
from google.cloud.pubsub import PublisherClient

from shared import logs
from shared.bootstrap import Inventory
from shared.domain import events
from shared.domain.command import Command
from shared.domain.deadline import Deadline
from shared.domain.http_response import HttpResponse
from shared.pb.inventory.v1.events_pb2 import PoolChange
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.pb.inventory.v1.records_pb2 import OutboxEntry
from shared.store import paths, writes
from shared.store.change import Decision
from shared.store.outbox import BATCH
from shared.store.pools import create_pool
from shared.store.queries import all_in
from shared.store.transaction import Transaction
from tests.control import UNTIL_RELEASED, Control
from tests.logged import entries


async def drop(inventory: Inventory, event_ids: Sequence[str]) -> None:
    """Delete events from the outbox, and wait until this has ended."""
    before = asyncio.all_tasks()
    inventory.outbox.drop(event_ids)
    [dropping] = asyncio.all_tasks() - before
    await dropping


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "FAILED_PRECONDITION"])
async def test_what_is_not_dropped_is_logged_once_and_of_no_request(
    own: Inventory, own_control: Control, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    marker = own.firestore.name(paths.outbox("one"))
    await own_control.fail_next("Commit", pattern=marker, code=code)
    logs.REQUEST_ID.set("the first of many")

    await drop(own, ["one", "another"])

    [entry] = entries(capsys)
    assert entry["message"] == "outbox not emptied, left to the relay"
    assert (entry["severity"], entry["events"]) == ("WARNING", 2)
    assert entry.get("request_id") is None


async def test_a_deletion_without_a_response_is_given_up(
    own: Inventory,
    own_control: Control,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise, nothing that is published later would be deleted."""
    monkeypatch.setattr("shared.store.outbox.DROP_SECONDS", 0.2)
    await own_control.fail_next("Commit", pattern=own.project, delay_ms=UNTIL_RELEASED)

    async with asyncio.timeout(10):
        await drop(own, ["one"])

    [entry] = entries(capsys)
    assert entry["message"] == "outbox not emptied, left to the relay"


async def test_all_is_dropped_however_much_it_is_and_also_when_the_store_falters(
    own: Inventory, own_control: Control, project: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [f"{number}" for number in range(BATCH + 1)]
    stored = [own.firestore.name(paths.outbox(event_id)) for event_id in (ids[0], ids[-1])]
    await own.firestore.commit([writes.create(name, OutboxEntry()) for name in stored], Deadline(5))
    await own_control.fail_next("Commit", pattern=project, code="UNAVAILABLE")

    await drop(own, ids)

    assert await own.firestore.query("", all_in("outbox"), Deadline(5)) == []
    assert entries(capsys) == []


async def test_events_too_large_for_one_commit_are_dropped_in_several(
    own: Inventory, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [f"{number}" for number in range(12)]
    for event_id in ids:
        entry = OutboxEntry(data=bytes(1_000_000))
        create = writes.create(own.firestore.name(paths.outbox(event_id)), entry)
        await own.firestore.commit([create], Deadline(5))

    await drop(own, ids)

    assert await own.firestore.query("", all_in("outbox"), Deadline(5)) == []
    assert entries(capsys) == []


async def test_events_of_changes_at_about_the_same_time_are_dropped_in_one_commit(
    own: Inventory, own_control: Control
) -> None:
    own.outbox.drop(["one"])
    for _ in range(10):  # the task has begun
        await asyncio.sleep(0)
    own.outbox.drop(["another"])

    await own.outbox.flush(5)

    assert await own_control.rpcs() == {"Commit": 1}


async def test_while_events_are_being_dropped_others_are_collected(
    own: Inventory, own_control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.outbox.COLLECT_SECONDS", 0.01)
    await own_control.fail_next("Commit", pattern=own.project, when="after", delay_ms=UNTIL_RELEASED)
    own.outbox.drop(["one"])
    await own_control.struck()
    for event_id in ("another", "third"):
        own.outbox.drop([event_id])
        await asyncio.sleep(0.1)
    await own_control.release()

    await own.outbox.flush(5)

    assert await own_control.rpcs() == {"Commit": 2}


async def test_all_events_of_a_change_are_dropped(own: Inventory, publisher: PublisherClient) -> None:
    """Events of different keys are published separately."""
    publisher.create_topic(name=f"projects/{own.project}/topics/pool-changed")
    pools = [Pool(id=pool_id, organization_id="example", version=1) for pool_id in ("one", "another")]

    async def decide(_: Transaction) -> Decision:
        return Decision(
            response=HttpResponse(status=204),
            writes=[create_pool(own.firestore, pool) for pool in pools],
            events=[events.pool_changed(pool, PoolChange.POOL_CHANGE_CREATED) for pool in pools],
        )

    await own.changes.apply(Command(organization_id="example", deadline=Deadline(5)), decide)
    await own.outbox.flush(5)

    assert await own.firestore.query("", all_in("outbox"), Deadline(5)) == []
