"""The cleanup of a deleted pool's members, by a push subscription."""

import asyncio
import base64
import json
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from google.cloud import firestore, pubsub

from google_apis.pubsub.pubsub_pb2 import PubsubMessage
from infra.local.fork_server import ForkServer
from shared.domain.events import outbox_entry, pool_changed
from shared.events.publisher import pubsub_message
from shared.pb.inventory.v1.events_pb2 import PoolChange
from shared.pb.inventory.v1.pool_pb2 import Pool
from tests.control import Control
from tests.functions.lone_function import running_function
from tests.plain_http import NO_AUTHORITIES
from tests.stack import NewOrganization, RunningStack

TIMEOUT = 30.0
SUBSCRIPTION = "projects/muster-local/subscriptions/pool-cleanup"


class DeletedPool:
    """A deleted pool, and machines that still have its id."""

    def __init__(self, store: firestore.Client, organization_id: str) -> None:
        self.id = str(uuid.uuid4())
        self.organization_id = organization_id
        self.machines = store.collection("organizations", organization_id, "machines")

    def have_members(self, count: int) -> None:
        """Store machines that are in this pool and in two others."""
        batch = self.machines._client.batch()
        for number in range(count):
            batch.set(
                self.machines.document(f"{number:04}"), {"version": 3, "pool_ids": ["kept", self.id, "too"]}
            )
        batch.commit()

    def members(self) -> list[str]:
        """Return the ids of the machines that still have the pool's id."""
        query = self.machines.where(filter=firestore.FieldFilter("pool_ids", "array_contains", self.id))
        return [machine.id for machine in query.stream()]

    def message(self, change: PoolChange = PoolChange.POOL_CHANGE_DELETED) -> PubsubMessage:
        """Make the event of a change, with the same id each time."""
        pool = Pool(id=self.id, organization_id=self.organization_id, version=2)
        entry = outbox_entry(pool_changed(pool, change), f"{self.id}-{change}", attempt=0)
        return pubsub_message(entry, datetime.now(UTC))

    def envelope(self, change: PoolChange = PoolChange.POOL_CHANGE_DELETED) -> str:
        """Make a push request of the event."""
        message = self.message(change)
        return json.dumps(
            {
                "message": {
                    "data": base64.b64encode(message.data).decode(),
                    "attributes": dict(message.attributes),
                },
                "subscription": SUBSCRIPTION,
            }
        )


@pytest.fixture
def pool(firestore_client: firestore.Client, new_organization: NewOrganization) -> DeletedPool:
    return DeletedPool(firestore_client, new_organization().id)


@pytest.fixture
def cleanup(stack: RunningStack) -> Iterator[Callable[[str], int]]:
    """A function that pushes an envelope, and returns the status."""
    with httpx.Client(base_url=stack.functions["pool_cleanup"], timeout=60, verify=NO_AUTHORITIES) as client:
        yield lambda envelope: client.post("/", content=envelope).status_code


def publish(publisher: pubsub.PublisherClient, message: PubsubMessage) -> None:
    publisher.publish(
        "projects/muster-local/topics/pool-changed",
        message.data,
        message.ordering_key,
        **dict(message.attributes),
    ).result()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a push has had its effect."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "the push had no effect in time"
        await asyncio.sleep(0.05)


async def test_a_deleted_pool_is_taken_off_its_members(
    pool: DeletedPool, publisher: pubsub.PublisherClient
) -> None:
    pool.have_members(3)
    publish(publisher, pool.message())
    await until(lambda: not pool.members())
    # A machine's version does not change, because the event is the pool's.
    assert [machine.to_dict() for machine in pool.machines.stream()] == [
        {"version": 3, "pool_ids": ["kept", "too"]}
    ] * 3


async def test_many_members_are_cleaned_up_in_batches(
    firestore_control: Control, pool: DeletedPool, cleanup: Callable[[str], int]
) -> None:
    pool.have_members(499)
    await firestore_control.tally("Commit", pool.organization_id)
    assert cleanup(pool.envelope()) == 204
    assert await firestore_control.tallied() == 2
    assert pool.members() == []


def test_members_that_are_too_large_for_one_commit_are_cleaned_up(
    pool: DeletedPool, cleanup: Callable[[str], int]
) -> None:
    pool.have_members(12)
    for machine in pool.members():
        pool.machines.document(machine).update({"machine_parameters": bytes(900_000)})
    assert cleanup(pool.envelope()) == 204
    assert pool.members() == []


def test_a_repeated_event_changes_nothing(pool: DeletedPool, cleanup: Callable[[str], int]) -> None:
    assert cleanup(pool.envelope()) == 204
    pool.have_members(1)  # which is impossible for clients, and shows that the repeat has no effect
    assert cleanup(pool.envelope()) == 204
    assert pool.members() == ["0000"]


@pytest.mark.parametrize(
    "change",
    [PoolChange.POOL_CHANGE_CREATED, PoolChange.POOL_CHANGE_UPDATED, PoolChange.POOL_CHANGE_MACHINES_ADDED],
)
def test_a_living_pool_keeps_its_members(
    pool: DeletedPool, cleanup: Callable[[str], int], change: PoolChange
) -> None:
    pool.have_members(2)
    assert cleanup(pool.envelope(change)) == 204
    assert len(pool.members()) == 2


def test_a_pool_that_exists_again_keeps_its_members(
    firestore_client: firestore.Client, pool: DeletedPool, cleanup: Callable[[str], int]
) -> None:
    """As after a restore of the database to a time before the deletion."""
    pool.have_members(2)
    firestore_client.document("organizations", pool.organization_id, "pools", pool.id).set({"version": 1})
    assert cleanup(pool.envelope()) == 204
    assert len(pool.members()) == 2


async def test_a_cleanup_that_is_killed_is_finished_by_the_next_delivery(
    stack: RunningStack, firestore_control: Control, pool: DeletedPool, publisher: pubsub.PublisherClient
) -> None:
    pool.have_members(400)
    # The first batch is committed, and the second has no response yet.
    members = f"{pool.organization_id}/machines/0399"
    await firestore_control.fail_next("Commit", pattern=members, delay_ms=TIMEOUT * 1000)
    publish(publisher, pool.message())
    async with asyncio.timeout(TIMEOUT):
        await firestore_control.struck()
    assert 0 < len(pool.members()) < 400
    os.kill(stack.pids["pool_cleanup"], signal.SIGKILL)
    await until(lambda: not pool.members())


async def test_a_member_that_is_deleted_meanwhile_stays_deleted(
    firestore_client: firestore.Client,
    firestore_control: Control,
    pool: DeletedPool,
    cleanup: Callable[[str], int],
) -> None:
    """A transaction has locked the member, so the commit of the cleanup waits for its deletion."""
    pool.have_members(2)
    member = pool.machines.document("0000")
    transaction = firestore_client.transaction()
    transaction._begin()
    member.get(transaction=transaction)
    await firestore_control.fail_next("Commit", pattern=member._document_path, delay_ms=0)
    cleaning = asyncio.create_task(asyncio.to_thread(cleanup, pool.envelope()))
    await firestore_control.struck()
    transaction.delete(member)
    transaction._commit()
    assert await cleaning == 204
    assert {machine.id: machine.get("pool_ids") for machine in pool.machines.stream()} == {
        "0001": ["kept", "too"]
    }


@pytest.fixture
def without_pauses(subscriber: pubsub.SubscriberClient) -> Iterator[int]:
    """Remove the delays of the subscription's retry policy, and yield its number of attempts."""

    def update(policy: pubsub.types.RetryPolicy) -> None:
        changed = pubsub.types.Subscription(name=SUBSCRIPTION, retry_policy=policy)
        subscriber.update_subscription(subscription=changed, update_mask={"paths": ["retry_policy"]})

    declared = subscriber.get_subscription(subscription=SUBSCRIPTION)
    update(pubsub.types.RetryPolicy(minimum_backoff=timedelta(0), maximum_backoff=timedelta(0)))
    yield declared.dead_letter_policy.max_delivery_attempts
    update(declared.retry_policy)


async def test_an_event_that_cannot_be_decoded_is_a_dead_letter_in_the_end(
    pool: DeletedPool,
    publisher: pubsub.PublisherClient,
    subscriber: pubsub.SubscriberClient,
    without_pauses: int,
) -> None:
    """Its content is unchanged, and later events are processed."""
    pool.have_members(1)
    event = pool.message()
    nameless = PubsubMessage()
    nameless.MergeFrom(event)
    del nameless.attributes["ce-id"]
    publish(publisher, nameless)
    publish(publisher, event)

    dead = f"{SUBSCRIPTION}-dead"
    [received] = subscriber.pull(subscription=dead, max_messages=10, timeout=TIMEOUT).received_messages

    subscriber.acknowledge(subscription=dead, ack_ids=[received.ack_id])
    assert received.message.data == nameless.data
    assert received.message.ordering_key == nameless.ordering_key
    assert dict(nameless.attributes) | {
        "CloudPubSubDeadLetterSourceSubscription": "pool-cleanup",
        "CloudPubSubDeadLetterSourceSubscriptionProject": "muster-local",
        "CloudPubSubDeadLetterSourceDeliveryCount": str(without_pauses),
    } == {
        name: value
        for name, value in received.message.attributes.items()
        if name != "CloudPubSubDeadLetterSourceTopicPublishTime" and not name.startswith("googclient_schema")
    }
    await until(lambda: not pool.members())


async def test_what_is_no_envelope_is_rejected(stack: RunningStack) -> None:
    async with httpx.AsyncClient(verify=NO_AUTHORITIES) as client:
        response = await client.post(stack.functions["pool_cleanup"], content=b"{}")
    assert (response.status_code, response.json()["title"]) == (400, "Undecodable Event")


@pytest.mark.parametrize("function", ["heartbeat_sweep", "outbox_relay", "pool_cleanup"])
async def test_a_page_in_a_browser_on_this_machine_cannot_call_it(
    stack: RunningStack, pool: DeletedPool, function: str
) -> None:
    """In the local stack, nobody checks a token. A page can send a POST, but only with its origin."""
    pool.have_members(1)
    headers = {"Content-Type": "text/plain", "Origin": "https://site.example"}
    async with httpx.AsyncClient(verify=NO_AUTHORITIES, headers=headers) as client:
        response = await client.post(stack.functions[function], content=pool.envelope())
    assert (response.status_code, response.json()["title"]) == (403, "Forbidden")
    assert pool.members()


async def test_the_log_says_which_event_a_delivery_was(
    stack: RunningStack, fork_server: ForkServer, pool: DeletedPool
) -> None:
    """Each delivery has another request id, and a dead letter has only the event's."""
    async with running_function(fork_server, "pool_cleanup", stack.environment()) as function:
        await function.http.post("/", content=pool.envelope(), headers={"X-Request-Id": "delivery"})
        entry = await function.log_entry("delivery")
    event_id = pool.message().attributes["ce-id"]
    assert (event_id, pool.organization_id) == (entry["event_id"], entry["organization_id"])


async def test_the_log_says_why_an_event_was_rejected(stack: RunningStack, fork_server: ForkServer) -> None:
    """Pub/Sub does not show the response to anybody."""
    async with running_function(fork_server, "pool_cleanup", stack.environment()) as function:
        for method, status, reason in [("POST", 400, "lacks 'message'"), ("GET", 405, "Method Not Allowed")]:
            headers = {"X-Request-Id": f"refused-{method}"}
            response = await function.http.request(method, "/", content=b"{}", headers=headers)

            assert status == response.status_code
            entry = await function.log_entry(f"refused-{method}")
            assert (entry["severity"], entry["status"]) == ("WARNING", status)
            assert reason in entry["exception"]
