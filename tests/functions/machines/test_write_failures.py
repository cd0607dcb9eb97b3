"""If Firestore fails during a change, the change is applied once or not at all."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from tests.control import UNTIL_RELEASED, Control
from tests.event_log import EventLog
from tests.functions.machines.agents import (
    AGENTS,
    Json,
    a_registration,
    missing,
    parse_time,
    patched,
    registered,
)
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body
from tests.functions.machines.expectations import PATH, problem
from tests.inventory_checker import InventoryChecker, settled

CUT = [{"code": "UNAVAILABLE"}, {"disconnect": True}]


@dataclass(frozen=True)
class Change:
    """A request that changes a machine.

    Attributes:
        method: the HTTP method.
        path: the path, in which `{id}` is replaced with the machine's id.
        body: makes the body.
        status: the status of a success.
        events: the number of events of the changed machine after a success.
    """

    method: str
    path: str
    body: Callable[[Json], Json | None]
    status: int
    events: int


def heartbeat(machine: Json) -> Json:
    return {"last_seen": (parse_time(machine["last_seen"]) + timedelta(seconds=10)).isoformat()}


CHANGES = {
    "register": Change("POST", AGENTS, lambda _: a_registration(), 201, 1),
    "replace": Change("PUT", f"{PATH}/{{id}}", lambda _: a_body(), 200, 2),
    "patch": Change("PATCH", f"{AGENTS}/{{id}}", lambda _: {"name": "other"}, 200, 2),
    "heartbeat": Change("PATCH", f"{AGENTS}/{{id}}", heartbeat, 200, 1),
    "delete": Change("DELETE", f"{AGENTS}/{{id}}", lambda _: None, 204, 2),
    "delete profile": Change("DELETE", f"{PATH}/{{id}}", lambda _: None, 204, 2),
}
NO_KEY, KEY = pytest.param({}, id="no key"), pytest.param({"Idempotency-Key": "a"}, id="key")
Send = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture(params=CHANGES)
def change(request: pytest.FixtureRequest) -> Change:
    return CHANGES[request.param]


@pytest.fixture
async def machine(machines: MachinesApi, log: EventLog) -> Json:
    del log  # starts to listen before the first event
    return await registered(machines)


@pytest.fixture
def send(machines: MachinesApi, machine: Json, change: Change, headers: dict[str, str]) -> Send:
    """A function that sends the same request each time."""
    body = change.body(machine)
    return lambda: machines.call(change.method, change.path.format(id=machine["id"]), body, headers)


@pytest.fixture(autouse=True)
async def all_faults_strike(firestore_control: Control) -> AsyncIterator[None]:
    """Fail the test if a fault was not injected, and remove it for the next test."""
    yield
    assert await firestore_control.forget() == []


async def fail_commits(control: Control, machines: MachinesApi, **fault: object) -> None:
    """Inject a fault into commits of the organization's machines, but not into those of the outbox alone."""
    await control.fail_next("Commit", pattern=f"{machines.organization.id}/machines/", **fault)


def subject(response: httpx.Response, change: Change, machine: Json) -> str:
    """Return the id of the changed machine."""
    return str(response.json()["id"] if change.method == "POST" else machine["id"])


@pytest.mark.parametrize("headers", [NO_KEY, KEY])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", CUT, ids=str)
async def test_a_commit_without_a_response_takes_effect_once(  # noqa: PLR0913 - a table of many columns
    *,
    machines: MachinesApi,
    machine: Json,
    change: Change,
    send: Send,
    firestore_control: Control,
    fault: dict[str, object],
    when: str,
    log: EventLog,
) -> None:
    await fail_commits(firestore_control, machines, when=when, **fault)

    response = await send()

    assert change.status == response.status_code, response.text
    assert "idempotent-replayed" not in response.headers
    about = subject(response, change, machine)
    assert log.wait_for(lambda log: len(log.of(about)) == change.events)
    assert change.events == log.of(about)[-1].version


@pytest.mark.parametrize("headers", [NO_KEY, KEY])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_heartbeat_without_a_response_is_written(
    *, machines: MachinesApi, firestore_control: Control, when: str, headers: dict[str, str]
) -> None:
    machine = await registered(machines)
    beat = heartbeat(machine)
    await fail_commits(firestore_control, machines, when=when, code="UNAVAILABLE")

    alive = await patched(machines, machine["id"], beat, headers)

    assert parse_time(beat["last_seen"]) == parse_time(alive["last_seen"])
    assert parse_time(beat["last_seen"]) == machines.stored(machine["id"])["last_seen"]


@pytest.mark.parametrize(
    ("method", "body", "repeated"), [("PATCH", {"name": "other"}, 412), ("DELETE", None, 404)]
)
async def test_a_heartbeat_that_may_be_written_is_not_rejected(
    *, machines: MachinesApi, firestore_control: Control, method: str, body: Json | None, repeated: int
) -> None:
    """It has no outbox document, and its machine is changed before its next attempt."""
    machine = await registered(machines)
    path, beat = f"{AGENTS}/{machine['id']}", heartbeat(machine)
    condition = {"If-Match": '"1"'}
    held = {"when": "after", "code": "UNAVAILABLE", "delay_ms": UNTIL_RELEASED}
    await fail_commits(firestore_control, machines, **held)
    beating = asyncio.create_task(machines.call("PATCH", path, beat, condition))
    while machines.stored(machine["id"])["last_seen"] != parse_time(beat["last_seen"]):
        await firestore_control.struck()

    assert (await machines.call(method, path, body)).is_success
    await firestore_control.release()

    problem(await beating, 503)
    problem(await machines.call("PATCH", path, beat, condition), repeated)


@pytest.mark.parametrize("headers", [NO_KEY, KEY])
async def test_contention_is_tried_again_and_the_books_balance(
    *,
    machines: MachinesApi,
    change: Change,
    send: Send,
    firestore_control: Control,
    checker: InventoryChecker,
) -> None:
    await fail_commits(firestore_control, machines, code="ABORTED", count=3)

    response = await send()

    assert change.status == response.status_code, response.text
    assert settled(checker.faults) == []


@pytest.mark.parametrize("headers", [KEY])
async def test_a_repetition_after_a_lost_response_is_a_replay(
    *,
    machines: MachinesApi,
    change: Change,
    send: Send,
    firestore_control: Control,
    checker: InventoryChecker,
) -> None:
    """The client has lost the successful response, and repeats the request with its key."""
    await fail_commits(firestore_control, machines, when="after", code="UNAVAILABLE")
    first = await send()

    replay = await send()

    assert (change.status, first.content) == (replay.status_code, replay.content)
    assert replay.headers["idempotent-replayed"] == "true"
    assert settled(checker.faults) == []


@pytest.mark.long
@pytest.mark.parametrize("code", ["UNAVAILABLE", "ABORTED"], ids=["no response", "contention"])
async def test_a_store_that_never_commits_is_a_503_and_nothing_changed(
    machines: MachinesApi, firestore_control: Control, code: str
) -> None:
    machine = await registered(machines)
    stored = machines.stored(machine["id"])
    await fail_commits(firestore_control, machines, count=10_000, code=code)

    responses = await asyncio.gather(
        *(
            machines.call(change.method, change.path.format(id=machine["id"]), change.body(machine))
            for change in CHANGES.values()
        )
    )

    [left] = await firestore_control.forget()
    assert left["count"] < 10_000 - len(CHANGES)
    for response in responses:
        problem(response, 503)
        assert int(response.headers["retry-after"]) >= 1
    assert stored == machines.stored(machine["id"])
    assert [machine["id"]] == [document.id for document in machines.machines().stream()]


async def test_a_machine_that_has_taken_a_mac_meanwhile_does_not_stand_in_its_own_way(
    machines: MachinesApi, machine: Json, firestore_control: Control, checker: InventoryChecker
) -> None:
    path, body = f"{PATH}/{machine['id']}", a_body()
    await fail_commits(firestore_control, machines, delay_ms=UNTIL_RELEASED)
    first = asyncio.create_task(machines.call("PUT", path, body))
    await firestore_control.struck()

    second = await machines.call("PUT", path, body)
    await firestore_control.release()

    for response in (await first, second):
        assert (response.status_code, response.headers["etag"]) == (200, '"2"'), response.text
    assert settled(checker.faults) == []


async def test_a_deletion_is_decided_again_when_its_machine_has_changed(
    machines: MachinesApi, machine: Json, firestore_control: Control, log: EventLog
) -> None:
    path = f"{AGENTS}/{machine['id']}"
    await fail_commits(firestore_control, machines, delay_ms=UNTIL_RELEASED)
    deleting = asyncio.create_task(machines.call("DELETE", path))
    await firestore_control.struck()

    await patched(machines, machine["id"], {"name": "other"})
    await firestore_control.release()

    assert (await deleting).status_code == 204
    assert log.wait_for(lambda log: len(log.of(machine["id"])) == 3)
    assert [event.version for event in log.of(machine["id"])] == [1, 2, 3]


async def test_a_deletion_that_another_one_overtakes_is_not_found(
    machines: MachinesApi, machine: Json, firestore_control: Control
) -> None:
    path = f"{AGENTS}/{machine['id']}"
    keys = [{"Idempotency-Key": str(uuid.uuid4())} for _ in range(3)]
    await fail_commits(firestore_control, machines, delay_ms=UNTIL_RELEASED)
    overtaken = asyncio.create_task(machines.call("DELETE", path, headers=keys[0]))
    await firestore_control.struck()

    deletion, repeated = [await machines.call("DELETE", path, headers=key) for key in keys[1:]]
    await firestore_control.release()

    assert (deletion.status_code, repeated.status_code) == (204, 404)
    missing(await overtaken, machine["id"])
