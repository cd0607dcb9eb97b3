"""Heartbeats: an agent reports that its machine is alive, more often than any other change."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud.firestore import DELETE_FIELD

from functions.machines.machine_size import MAX_MESSAGE_BYTES
from shared.pb.inventory.v1.events_pb2 import MachineUpdated
from tests.control import Control
from tests.event_log import EventLog
from tests.functions.machines.agents import (
    AGENTS,
    Json,
    a_pool,
    faults,
    parse_time,
    patched,
    registered,
    shown,
)
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.expectations import PATH, problem
from tests.inventory_checker import InventoryChecker, settled

SECOND = timedelta(seconds=1)
TEN_SECONDS = timedelta(seconds=10)


def beat(time: datetime) -> Json:
    return {"last_seen": time.isoformat()}


async def test_a_heartbeat_moves_last_seen_and_nothing_else(
    machines: MachinesApi, checker: InventoryChecker, pubsub_control: Control
) -> None:
    machine = await registered(machines)
    time = parse_time(machine["last_seen"]) + TEN_SECONDS
    await pubsub_control.tally("Publish", machine["id"])

    response = await machines.call("PATCH", f"{AGENTS}/{machine['id']}", beat(time))

    alive = shown(response)
    assert time == parse_time(alive["last_seen"])
    assert machine | {"last_seen": alive["last_seen"]} == alive
    assert response.headers["etag"] == '"1"'
    assert alive == shown(await machines.call("GET", f"{PATH}/{machine['id']}"))
    assert await pubsub_control.tallied() == 0
    assert settled(checker.faults) == []


@pytest.mark.parametrize("moved", [timedelta(), SECOND, TEN_SECONDS - timedelta(microseconds=1), -SECOND])
async def test_a_heartbeat_that_moves_the_time_by_less_than_ten_seconds_writes_nothing(
    machines: MachinesApi, firestore_control: Control, moved: timedelta
) -> None:
    machine = await registered(machines)
    await firestore_control.tally("Commit", machine["id"])

    assert machine == await patched(machines, machine["id"], beat(parse_time(machine["last_seen"]) + moved))

    assert await firestore_control.tallied() == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-05-06T07:08:09", datetime(2020, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2040-05-06T07:08:09", datetime(2040, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2040-05-06T07:08:09.123456Z", datetime(2040, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)),
        ("2040-05-06T07:08:09+02:00", datetime(2040, 5, 6, 5, 8, 9, tzinfo=UTC)),
        ("2040-05-06 07:08:09Z", datetime(2040, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("9999-12-31T23:59:59", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
async def test_a_time_without_a_zone_is_utc(machines: MachinesApi, text: str, expected: datetime) -> None:
    machine = await registered(machines)

    shown_time = (await patched(machines, machine["id"], {"last_seen": text}))["last_seen"]

    assert expected == parse_time(shown_time)
    assert expected == machines.stored(machine["id"])["last_seen"]


async def test_a_time_to_come_is_put_right_by_the_next_heartbeat(machines: MachinesApi) -> None:
    """Only a wrong clock can have set it."""
    machine = await registered(machines)
    await patched(machines, machine["id"], {"last_seen": "2040-01-01T00:00:00"})
    now = datetime.now(UTC)

    assert now == parse_time((await patched(machines, machine["id"], beat(now)))["last_seen"])


async def test_a_heartbeat_may_repeat_what_is_so_already(machines: MachinesApi) -> None:
    machine = await registered(machines, name="same")
    time = parse_time(machine["last_seen"]) + TEN_SECONDS

    same = {"status": "disconnected", "name": "same", "reserved_session_id": None}
    alive = await patched(machines, machine["id"], beat(time) | same)

    assert machine | {"last_seen": alive["last_seen"]} == alive
    assert machines.stored(machine["id"])["version"] == 1


async def test_a_heartbeat_with_another_status_is_a_change(
    machines: MachinesApi, log: EventLog, checker: InventoryChecker
) -> None:
    machine = await registered(machines)
    time = parse_time(machine["last_seen"]) + SECOND

    alive = await patched(machines, machine["id"], beat(time) | {"status": "connected"})

    assert (alive["status"], parse_time(alive["last_seen"])) == ("connected", time)
    assert log.wait_for(lambda log: len(log.of(machine["id"])) == 2)
    updated = log.of(machine["id"])[1].message
    assert isinstance(updated, MachineUpdated)
    assert list(updated.changed_fields) == ["status", "last_seen"]
    assert settled(checker.faults) == []


async def test_to_be_connected_is_to_be_heard_of(machines: MachinesApi) -> None:
    machine = await registered(machines)
    before = datetime.now(UTC)

    alive = await patched(machines, machine["id"], {"status": "connected"})

    assert before <= parse_time(alive["last_seen"]) <= datetime.now(UTC)
    again = await patched(machines, machine["id"], {"status": "connected"})
    assert alive == again


async def test_to_say_connected_once_more_is_a_heartbeat(
    machines: MachinesApi, pubsub_control: Control
) -> None:
    """Otherwise, an agent that only sends this would be disconnected every five minutes."""
    machine = await registered(machines)
    before = datetime.now(UTC)
    past = {"status": "connected"} | beat(before - timedelta(minutes=4))
    connected = await patched(machines, machine["id"], past)
    await pubsub_control.tally("Publish", machine["id"])

    again = await patched(machines, machine["id"], {"status": "connected"})

    assert before <= parse_time(again["last_seen"]) <= datetime.now(UTC)
    assert connected | {"last_seen": again["last_seen"]} == again
    assert await pubsub_control.tallied() == 0


async def test_the_largest_machine_is_heard_of_and_changed_in_pools_too(machines: MachinesApi) -> None:
    machine = await registered(machines, os_info="x", name="n")
    path = f"{PATH}/{machine['id']}"
    size = len((await machines.call("GET", path, headers={"Accept": "application/x-protobuf"})).content)
    largest = {"os_info": "x" * (MAX_MESSAGE_BYTES - size - 10)}  # leaves room for longer lengths and times
    await patched(machines, machine["id"], largest)
    for _ in range(3):
        await a_pool(machines, machine["id"])

    time = parse_time(machine["last_seen"]) + TEN_SECONDS
    assert time == parse_time((await patched(machines, machine["id"], beat(time)))["last_seen"])
    for changes in ({"status": "error"}, {"os_info": largest["os_info"][:-1] + "y"}):
        assert (await patched(machines, machine["id"], changes)).items() >= changes.items()
    [(location, _, kind)] = faults(
        await machines.call("PATCH", f"{AGENTS}/{machine['id']}", {"name": "one more thing"})
    )
    assert (location, kind) == (["body", "name"], "too_large")
    # Clearing fields is allowed, even if the rest is a little larger than the limit of a profile.
    await patched(machines, machine["id"], {"reserved_session_id": str(uuid.uuid4())})
    await patched(machines, machine["id"], {"name": None, "status": "connected"})


async def test_a_heartbeat_with_a_key_is_recorded_and_replayed(machines: MachinesApi) -> None:
    machine = await registered(machines)
    path, key = f"{AGENTS}/{machine['id']}", {"Idempotency-Key": "a"}
    time = parse_time(machine["last_seen"]) + TEN_SECONDS
    first = await machines.call("PATCH", path, beat(time), key)
    await patched(machines, machine["id"], beat(time + TEN_SECONDS))

    replay = await machines.call("PATCH", path, beat(time), key)

    assert first.content == replay.content
    assert replay.headers["idempotent-replayed"] == "true"
    assert time + TEN_SECONDS == machines.stored(machine["id"])["last_seen"]
    [(_, _, kind)] = faults(await machines.call("PATCH", path, beat(time + SECOND), key))
    assert kind == "idempotency_key_reused"


@pytest.mark.parametrize("path", [PATH, AGENTS])
@pytest.mark.parametrize("moved", [TEN_SECONDS, timedelta(days=-300)], ids=["on", "back"])
async def test_a_heartbeat_is_not_hidden_by_if_none_match(
    machines: MachinesApi, path: str, moved: timedelta
) -> None:
    """The ETag is the version, which a heartbeat does not change."""
    machine = await registered(machines)
    at = f"{path}/{machine['id']}"
    assert (await machines.call("GET", at, headers={"If-None-Match": '"1"'})).status_code == 304
    time = parse_time(machine["last_seen"]) + moved
    await patched(machines, machine["id"], beat(time))

    response = await machines.call("GET", at, headers={"If-None-Match": '"1"'})

    assert (response.status_code, response.headers["etag"]) == (200, '"1"')
    assert parse_time(response.json()["last_seen"]) == time
    # `*` only asks whether the machine exists: RFC 9110, section 13.1.2.
    assert (await machines.call("GET", at, headers={"If-None-Match": "*"})).status_code == 304
    await patched(machines, machine["id"], {"name": "other"})
    assert (await machines.call("GET", at, headers={"If-None-Match": '"2"'})).status_code == 304


async def test_a_version_that_an_assignment_makes_is_known_and_hides_no_heartbeat(
    machines: MachinesApi,
) -> None:
    machine = await registered(machines)
    at = f"{AGENTS}/{machine['id']}"
    last_seen = parse_time(machine["last_seen"])
    await patched(machines, machine["id"], beat(last_seen - timedelta(days=1)))
    await a_pool(machines, machine["id"])
    assert (await machines.call("GET", at, headers={"If-None-Match": '"2"'})).status_code == 304

    await patched(machines, machine["id"], beat(last_seen))

    assert (await machines.call("GET", at, headers={"If-None-Match": '"2"'})).status_code == 200


async def test_a_machine_of_a_release_before_is_sent_as_a_whole_until_its_next_version(
    machines: MachinesApi,
) -> None:
    machine = await registered(machines)
    at = f"{PATH}/{machine['id']}"
    machines.machines().document(machine["id"]).update({"version_last_seen": DELETE_FIELD})

    assert (await machines.call("GET", at, headers={"If-None-Match": '"1"'})).status_code == 200
    await patched(machines, machine["id"], {"name": "other"})
    assert (await machines.call("GET", at, headers={"If-None-Match": '"2"'})).status_code == 304


async def test_a_heartbeat_does_not_fail_the_if_match_of_an_owner(machines: MachinesApi) -> None:
    machine = await registered(machines)
    path = f"{AGENTS}/{machine['id']}"
    await patched(machines, machine["id"], beat(parse_time(machine["last_seen"]) + TEN_SECONDS))

    await patched(machines, machine["id"], {"name": "other"}, {"If-Match": '"1"'})

    problem(await machines.call("PATCH", path, beat(datetime.now(UTC)), {"If-Match": '"1"'}), 412)


async def test_heartbeats_among_changes_lose_nothing(
    machines: MachinesApi, checker: InventoryChecker
) -> None:
    machine = await registered(machines)
    start = parse_time(machine["last_seen"]) - timedelta(hours=1)
    machines.machines().document(machine["id"]).update({"last_seen": start})
    names = [f"name {number}" for number in range(8)]
    times = [start + number * TEN_SECONDS for number in range(1, 9)]

    await asyncio.gather(
        *(patched(machines, machine["id"], beat(time)) for time in times),
        *(patched(machines, machine["id"], {"name": name}) for name in names),
    )

    stored = machines.stored(machine["id"])
    assert stored["last_seen"] in times
    assert stored["name"] in names
    assert stored["version"] == 9
    assert settled(checker.faults) == []


async def test_only_connected_machines_are_in_the_index_of_the_silent(machines: MachinesApi) -> None:
    machine = await registered(machines)
    shards = []
    for status in ("connected", "error", "connected", "disconnected"):
        await patched(machines, machine["id"], {"status": status})
        shards.append(machines.stored(machine["id"]).get("heartbeat_shard"))

    assert shards[0] in range(24)
    assert [shards[0], None, shards[0], None] == shards
