"""If Firestore or Pub/Sub fails during a registration, it is applied once or not at all."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from google.cloud.pubsub import PublisherClient

from infra.local.fork_server import ForkServer
from tests.control import UNTIL_RELEASED, Control
from tests.functions.lone_function import running_function
from tests.functions.lone_project import LoneProject, lone_project
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.machines.expectations import conflict, created, problem
from tests.stack import RunningStack

CUT = [
    {"code": "UNAVAILABLE"},
    {"code": "DEADLINE_EXCEEDED"},
    {"code": "INTERNAL"},
    {"disconnect": True},
]
KEY = {"Idempotency-Key": "a"}


@pytest.fixture(autouse=True)
async def all_faults_strike(firestore_control: Control, pubsub_control: Control) -> AsyncIterator[None]:
    """Fail the test if a fault was not injected, and remove it for the next test."""
    yield
    waiting = [fault for control in (firestore_control, pubsub_control) for fault in await control.forget()]
    assert waiting == []


@pytest.mark.parametrize("headers", [{}, KEY], ids=["no key", "key"])
@pytest.mark.parametrize(("when", "count"), [("before", 1), ("after", 1), ("after", 2)])
@pytest.mark.parametrize("fault", CUT, ids=str)
async def test_a_commit_without_a_response_takes_effect_once(  # noqa: PLR0913 - a table of five columns
    *,
    machines: MachinesApi,
    firestore_control: Control,
    fault: dict[str, Any],
    when: str,
    count: int,
    headers: dict[str, str],
) -> None:
    body = a_body()
    await firestore_control.fail_next(
        "Commit", when=when, count=count, pattern=machines.organization.id, **fault
    )

    response = await machines.register(body, headers)

    machine_id = created(response)
    assert "idempotent-replayed" not in response.headers
    assert [machine_id] == [document.id for document in machines.machines().stream()]
    conflict(await machines.register(body), body["nics"][0]["mac"], existing=machine_id)


async def test_a_conflict_is_reported_also_when_the_first_response_is_lost(
    machines: MachinesApi, others: MachinesApi, firestore_control: Control
) -> None:
    mac = a_mac()
    created(await others.register(a_body(nics=[{"mac": mac}])))
    await firestore_control.fail_next("Commit", pattern=machines.organization.id, code="UNAVAILABLE")

    conflict(await machines.register(a_body(nics=[{"mac": mac}])), mac, existing=None)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_race_has_one_winner_also_when_responses_are_lost(
    machines: MachinesApi, firestore_control: Control, when: str
) -> None:
    mac = a_mac()
    await firestore_control.fail_next(
        "Commit", when=when, count=8, code="UNAVAILABLE", pattern="/identities/"
    )

    responses = await asyncio.gather(*(machines.register(a_body(nics=[{"mac": mac}])) for _ in range(16)))

    [winner] = [created(response) for response in responses if response.is_success]
    for response in responses:
        if not response.is_success:
            conflict(response, mac, existing=winner)
    assert [winner] == [document.id for document in machines.machines().stream()]


async def test_contention_is_tried_again(machines: MachinesApi, firestore_control: Control) -> None:
    await firestore_control.fail_next("Commit", pattern=machines.organization.id, count=3, code="ABORTED")

    created(await machines.register(a_body()))


async def test_a_replay_survives_a_failing_read(machines: MachinesApi, firestore_control: Control) -> None:
    body = a_body()
    first = created(await machines.register(body, KEY))
    await firestore_control.fail_next("BatchGetDocuments", pattern="/idempotency/", code="UNAVAILABLE")

    assert first == created(await machines.register(body, KEY))


async def test_an_earlier_request_that_is_committed_meanwhile_is_replayed(
    machines: MachinesApi, firestore_control: Control
) -> None:
    """The second commit is cut off. Its key is looked up before the first commit, its claims after it."""
    body = a_body()
    await firestore_control.fail_next("Commit", code="UNAVAILABLE", pattern="/identities/")
    await firestore_control.fail_next(
        "BatchGetDocuments", when="after", delay_ms=UNTIL_RELEASED, pattern="/idempotency/"
    )
    second = asyncio.create_task(machines.register(body, KEY))
    await firestore_control.struck()

    first = await machines.register(body, KEY)
    await firestore_control.release()

    assert created(first) == created(await second)
    assert ["idempotent-replayed" in response.headers for response in (first, second.result())] == [
        False,
        True,
    ]


async def test_an_api_key_is_looked_up_again_after_a_failing_read(
    machines: MachinesApi, firestore_control: Control
) -> None:
    await firestore_control.fail_next("GetDocument", pattern="/api_keys/", code="UNAVAILABLE")

    created(await machines.register(a_body()))


@pytest.fixture(scope="module")
async def alone(stack: RunningStack, publisher: PublisherClient) -> AsyncIterator[LoneProject]:
    """A project without the relay, whose calls would otherwise get the faults of `Publish`."""
    async with lone_project(stack) as project:
        publisher.create_topic(name=f"projects/{project.id}/topics/machine-created")
        yield project


@pytest.fixture(scope="module")
async def machines_alone(alone: LoneProject, fork_server: ForkServer) -> AsyncIterator[MachinesApi]:
    """The API in that project."""
    async with running_function(fork_server, "machines", alone.environment) as function:
        yield MachinesApi(http=function.http, organization=alone.organization, store=alone.store)


def outbox_of(project: LoneProject) -> dict[str, dict[str, Any]]:
    """Return the events in the outbox by their ordering keys."""
    entries = [entry.to_dict() or {} for entry in project.store.collection("outbox").stream()]
    return {entry["ordering_key"]: entry for entry in entries}


async def test_an_event_that_cannot_be_published_stays_in_the_outbox(
    machines_alone: MachinesApi, alone: LoneProject, pubsub_control: Control
) -> None:
    """The machine is registered, and the relay publishes the event later.

    The event of the next machine is published. The deletion of both from the outbox would be one commit.
    """
    await pubsub_control.fail_next("Publish", pattern=f"{alone.id}/topics/", code="PERMISSION_DENIED")
    body = a_body()

    machine_id = created(await machines_alone.register(body))
    published_id = created(await machines_alone.register(a_body()))

    while published_id in (waiting := outbox_of(alone)):
        pass
    entry = waiting[machine_id]
    assert entry["topic"] == "machine-created"
    assert body["nics"][0]["mac"].encode() in entry["data"]


async def test_a_slow_topic_does_not_delay_a_response_for_long(
    machines_alone: MachinesApi, alone: LoneProject, pubsub_control: Control
) -> None:
    await pubsub_control.fail_next("Publish", pattern=f"{alone.id}/topics/", delay_ms=20_000)

    response = await machines_alone.register(a_body())

    created(response)
    assert response.elapsed < timedelta(seconds=5)


async def test_an_error_of_the_store_shows_the_caller_only_a_request_id(
    machines: MachinesApi, firestore_control: Control
) -> None:
    await firestore_control.fail_next("Commit", pattern=machines.organization.id, code="PERMISSION_DENIED")

    response = await machines.register(a_body(), {"X-Request-Id": "request-4711"})

    internal_error = problem(response, 500)
    assert "request-4711" in str(internal_error)
    assert "PERMISSION_DENIED" not in response.text
    assert list(machines.machines().stream()) == []


async def test_an_error_of_the_store_is_reported_without_a_further_read(
    machines: MachinesApi, firestore_control: Control
) -> None:
    """Nothing was applied, so the store is not asked whether something was."""
    await firestore_control.fail_next("Commit", pattern=machines.organization.id, code="PERMISSION_DENIED")
    await firestore_control.tally("BatchGetDocuments", f"{machines.organization.id}/idempotency/")

    problem(await machines.register(a_body(), KEY), 500)

    assert await firestore_control.tallied() == 0
