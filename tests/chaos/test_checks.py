"""The final check of a run finds each kind of fault."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from google.cloud.firestore import Client

from shared.pb.inventory.v1.events_pb2 import MachineCreated, PoolChange, PoolChanged
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool
from tests.chaos.checks import faults
from tests.chaos.client import Change, Sent
from tests.event_log import TOPICS, EventLog, Payload
from tests.google_clients import firestore_client
from tests.stack import RunningStack

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORGANIZATION = "organizations/example"
POOL = Pool(id="p", organization_id="example", version=1, name="a")
CREATED = PoolChanged(pool=POOL, change=PoolChange.POOL_CHANGE_CREATED, version=1)
CREATION = Change(
    operation="create pool", method="POST", path="/v1/pools", body={"name": "a"}, allowed=frozenset({201})
)


@pytest.fixture
def store(stack: RunningStack, project: str) -> Iterator[Client]:
    """A database for one test."""
    with firestore_client(stack.firestore_emulator_host, project) as client:
        yield client


def publish(log: EventLog, *messages: Payload) -> None:
    """Add events to a log, a second apart."""
    for number, message in enumerate(messages):
        [topic] = [topic for topic, kind in TOPICS.items() if isinstance(message, kind)]
        time = NOW + timedelta(seconds=number)
        attributes = {"ce-id": f"{number}", "ce-time": time.isoformat(), "organization_id": "example"}
        log.add(topic, attributes, message.SerializeToString())


def sent(status: int | None, *, attempts: int = 1) -> Sent:
    """Return the creation of the pool, with the response to its last attempt."""
    response = None if status is None else httpx.Response(status)
    sent_at = NOW + timedelta(minutes=1)
    return Sent(change=CREATION, key=None, attempts=attempts, sent_at=sent_at, response=response)


def store_pool(store: Client) -> None:
    store.document(f"{ORGANIZATION}/pools/p").set(
        {"id": "p", "organization_id": "example", "version": 1, "name": "a"}
    )


def store_member(store: Client, *pool_ids: str) -> None:
    store.document(f"{ORGANIZATION}/machines/m").set({"id": "m", "pool_ids": pool_ids})


@pytest.mark.parametrize("status", [201, None])
def test_what_agrees_is_no_fault(store: Client, status: int | None) -> None:
    log = EventLog()
    publish(log, CREATED)
    store_pool(store)
    store.document(f"{ORGANIZATION}/idempotency/a").set({"status": 201, "change_id": "0"})

    assert faults(store, log, [sent(status)]) == []


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (store_pool, "pool p: None in its events, but id: "),
        (lambda store: store_member(store, "p"), "membership: m is in p, which does not exist"),
        (lambda store: store_member(store, "p", "p"), "membership: m is in p 2 times"),
        (
            lambda store: store.document(f"{ORGANIZATION}/idempotency/a").set(
                {"status": 201, "change_id": "lost"}
            ),
            "record a: its change has no event",
        ),
    ],
)
def test_a_document_without_its_event_or_pool_is_found(
    store: Client, damage: Callable[[Client], object], fault: str
) -> None:
    damage(store)

    found = faults(store, EventLog(), [])
    assert any(line.startswith(fault) for line in found), found


def test_a_missing_event_of_a_pool_is_found(store: Client) -> None:
    log = EventLog()
    publish(log, PoolChanged(pool=POOL, change=PoolChange.POOL_CHANGE_DELETED, version=2))

    assert faults(store, log, []) == ["pool p: events of the versions [2]"]


@pytest.mark.parametrize(
    ("creation", "events", "fault"),
    [
        (sent(201), [], "create pool: a was acknowledged, but has no event"),
        (
            sent(201),
            [CREATED, MachineCreated(machine=Machine(id="m", version=1, name="a"))],
            "create pool: a was applied 2 times",
        ),
        (sent(412), [CREATED], f"create pool: a was applied at {NOW}, but was rejected at attempt 1, "),
        (
            sent(412, attempts=2),
            [CREATED],
            f"create pool: a was applied at {NOW}, but was rejected at attempt 2, ",
        ),
    ],
)
def test_a_response_that_contradicts_the_events_is_found(
    store: Client, creation: Sent, events: list[Payload], fault: str
) -> None:
    log = EventLog()
    publish(log, *events)

    found = faults(store, log, [creation])
    assert any(line.startswith(fault) for line in found), found
