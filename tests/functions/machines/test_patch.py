"""`PATCH /v1/machines/{id}` changes some fields of a machine, and keeps the others."""

import pytest

from shared.pb.inventory.v1.events_pb2 import MachineUpdated
from tests.control import Control
from tests.event_log import EventLog
from tests.functions.machines.agents import AGENTS, Json, faults, parse_time, patched, registered, shown
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_full_body
from tests.functions.machines.expectations import ERRORS, PATH, created, problem
from tests.inventory_checker import InventoryChecker, settled

SESSION = "018c7dbd-c000-7000-8000-fedcba987654"
CHANGES: Json = {
    "name": "other",
    "version": "2.0",
    "hostname": "other.example.com",
    "os_info": "other",
    "status": "error",
    "is_available": False,
    "alerts_enabled": False,
    "reserved_session_id": SESSION,
    "machine_parameters": {"a": [1, {"b": None}]},
}
STATUSES = "Input should be 'connected', 'disconnected' or 'error'"
LATER = "2040-05-06T07:08:09"


@pytest.mark.parametrize("field", CHANGES)
async def test_one_field_changes_and_the_rest_stays(machines: MachinesApi, field: str) -> None:
    machine_id = created(await machines.register(a_full_body()))
    before = shown(await machines.call("GET", f"{PATH}/{machine_id}"))

    response = await machines.call("PATCH", f"{AGENTS}/{machine_id}", {field: CHANGES[field]})

    after = shown(response)
    assert response.headers["etag"] == '"2"'
    assert before | {field: CHANGES[field], "updated_at": after["updated_at"]} == after
    assert parse_time(before["updated_at"]) <= parse_time(after["updated_at"])
    assert after == shown(await machines.call("GET", f"{PATH}/{machine_id}"))


async def test_the_event_has_before_after_and_what_changed(
    machines: MachinesApi, log: EventLog, checker: InventoryChecker
) -> None:
    machine = await registered(machines)

    await patched(machines, machine["id"], CHANGES | {"last_seen": LATER})

    assert log.wait_for(lambda log: len(log.of(machine["id"])) == 2)
    first, second = log.of(machine["id"])
    assert isinstance(second.message, MachineUpdated)
    assert first.machine == second.message.before
    spelled = {"version": "agent_version"}
    assert {spelled.get(name, name) for name in CHANGES} | {"last_seen"} == set(second.message.changed_fields)
    assert second.message.after.version == 2
    assert settled(checker.faults) == []


async def test_a_patch_that_changes_nothing_makes_no_version_and_no_event(
    machines: MachinesApi, firestore_control: Control, pubsub_control: Control
) -> None:
    machine = await registered(machines)
    after = await patched(machines, machine["id"], CHANGES)
    await firestore_control.tally("Commit", machine["id"])
    await pubsub_control.tally("Publish", machine["id"])

    for same in (CHANGES, {}, {"name": "other"}, {"reserved_session_id": SESSION.upper()}):
        response = await machines.call("PATCH", f"{AGENTS}/{machine['id']}", same)
        assert after == shown(response)
        assert response.headers["etag"] == '"2"'

    assert await firestore_control.tallied() == 0
    assert await pubsub_control.tallied() == 0


@pytest.mark.parametrize(
    "field", ["name", "version", "hostname", "os_info", "reserved_session_id", "machine_parameters"]
)
async def test_null_clears_what_a_machine_need_not_have(machines: MachinesApi, field: str) -> None:
    machine = await registered(machines)
    before = await patched(machines, machine["id"], CHANGES)

    after = await patched(machines, machine["id"], {field: None})

    assert before | {field: None, "updated_at": after["updated_at"]} == after
    stored = machines.stored(machine["id"])
    assert {"version": "agent_version"}.get(field, field) not in stored
    assert stored["version"] == 3


async def test_an_empty_object_clears_the_parameters(machines: MachinesApi) -> None:
    machine = await registered(machines, machine_parameters={"a": 1})

    assert (await patched(machines, machine["id"], {"machine_parameters": {}}))["machine_parameters"] is None
    assert "machine_parameters" not in machines.stored(machine["id"])


async def test_parameters_are_replaced_as_a_whole(machines: MachinesApi) -> None:
    machine = await registered(machines, machine_parameters={"a": 1, "b": 2})

    after = await patched(machines, machine["id"], {"machine_parameters": {"b": 3}})

    assert after["machine_parameters"] == {"b": 3}


async def test_the_same_parameters_in_another_order_change_nothing(machines: MachinesApi) -> None:
    sent, again = {"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}
    body = a_body(machine_parameters=sent)
    machine_id = created(await machines.register(body))

    for method, path, same in (
        ("PATCH", f"{AGENTS}/{machine_id}", {"machine_parameters": again}),
        ("PUT", f"{PATH}/{machine_id}", body | {"machine_parameters": again}),
    ):
        response = await machines.call(method, path, same)
        assert sent == shown(response)["machine_parameters"]
        assert response.headers["etag"] == '"1"'


async def test_clearing_what_is_not_there_changes_nothing(machines: MachinesApi) -> None:
    machine = await registered(machines)

    cleared: Json = {"name": None, "reserved_session_id": None, "machine_parameters": {}}

    assert machine == await patched(machines, machine["id"], cleared)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"status": None, "is_available": None, "alerts_enabled": None, "last_seen": None},
            [
                (["body", "status"], STATUSES, "enum"),
                (["body", "is_available"], "Input should be a valid boolean", "bool_type"),
                (["body", "alerts_enabled"], "Input should be a valid boolean", "bool_type"),
                (["body", "last_seen"], "Input should be a valid datetime", "datetime_type"),
            ],
        ),
        ({"status": "on"}, [(["body", "status"], STATUSES, "enum")]),
        ({"status": 1}, [(["body", "status"], STATUSES, "enum")]),
        ({"status": "CONNECTED"}, [(["body", "status"], STATUSES, "enum")]),
        ({"is_available": 1}, [(["body", "is_available"], "Input should be a valid boolean", "bool_type")]),
        (
            {"alerts_enabled": "true"},
            [(["body", "alerts_enabled"], "Input should be a valid boolean", "bool_type")],
        ),
        (
            {"name": 1, "hostname": "x" * 256, "version": "x" * 51},
            [
                (["body", "name"], "Input should be a valid string", "string_type"),
                (["body", "version"], "String should have at most 50 characters", "string_too_long"),
                (["body", "hostname"], "String should have at most 255 characters", "string_too_long"),
            ],
        ),
        (
            {"reserved_session_id": 1},
            [
                (
                    ["body", "reserved_session_id"],
                    "UUID input should be a string, bytes or UUID object",
                    "uuid_type",
                )
            ],
        ),
        (
            {"labels": {}, "nics": [], "id": SESSION, "pool_ids": [], "fingerprint": "f"},
            [
                (["body", name], "Extra inputs are not permitted", "extra_forbidden")
                for name in ("labels", "nics", "id", "pool_ids", "fingerprint")
            ],
        ),
        (
            [],
            [
                (
                    ["body"],
                    "Input should be a valid dictionary or object to extract fields from",
                    "model_attributes_type",
                )
            ],
        ),
    ],
)
async def test_every_fault_is_reported_at_its_location_and_nothing_changes(
    machines: MachinesApi, body: object, expected: list[tuple[list[str], str, str]]
) -> None:
    machine = await registered(machines)

    assert expected == faults(await machines.call("PATCH", f"{AGENTS}/{machine['id']}", body))

    assert machines.stored(machine["id"])["version"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("never", "Input should be a valid datetime, expected a date and a time"),
        ("", "Input should be a valid datetime, expected a date and a time"),
        ("2030-13-01T00:00:00Z", "Input should be a valid datetime or date, month value is outside expected"),
        ("1700000000", "Input should be a valid datetime, expected a date and a time"),
        ("1.7e9", "Input should be a valid datetime, expected a date and a time"),
        ("2030-01-01", "Input should be a valid datetime, expected a date and a time"),
        ("0001-01-01T00:00:00+01:00", "Invalid datetime object, got out of range in UTC"),
        ("9999-12-31T23:59:59-01:00", "Invalid datetime object, got out of range in UTC"),
        (1700000000, "Input should be a valid datetime"),
        (True, "Input should be a valid datetime"),
    ],
)
async def test_what_is_no_time_is_a_fault(machines: MachinesApi, text: object, words: str) -> None:
    machine = await registered(machines)

    response = await machines.call("PATCH", f"{AGENTS}/{machine['id']}", {"last_seen": text, "name": "other"})

    [(location, message, _)] = faults(response)
    assert location == ["body", "last_seen"]
    assert message.startswith(words)
    assert machines.stored(machine["id"])["version"] == 1


@pytest.mark.parametrize(
    ("content", "location"),
    [
        (b'{"name": "a", "name": "b"}', ["body", "name"]),
        (b'{"machine_parameters": {"a": NaN}}', ["body", "machine_parameters", "a"]),
        (b'{"machine_parameters": {"a": 9223372036854775808}}', ["body", "machine_parameters", "a"]),
        (b'{"name": "\\ud800"}', ["body", "name"]),
    ],
    ids=str,
)
async def test_json_is_taken_to_the_letter(
    machines: MachinesApi, content: bytes, location: list[str]
) -> None:
    machine = await registered(machines)
    headers = {**machines.organization.headers, "Content-Type": "application/json"}

    response = await machines.http.patch(f"{AGENTS}/{machine['id']}", content=content, headers=headers)

    assert [location] == [fault[0] for fault in faults(response)]


@pytest.mark.parametrize(("content", "status"), [(b"", 400), (b"{", 400), (b" " * (2 << 20), 413)])
async def test_what_is_no_body_is_a_problem(machines: MachinesApi, content: bytes, status: int) -> None:
    machine = await registered(machines)
    headers = {**machines.organization.headers, "Content-Type": "application/json"}

    problem(await machines.http.patch(f"{AGENTS}/{machine['id']}", content=content, headers=headers), status)


@pytest.mark.parametrize(("condition", "status"), [('"1"', 200), ("*", 200), ('"2"', 412), ('W/"1"', 412)])
async def test_if_match_holds_back_a_change_of_another_version(
    machines: MachinesApi, condition: str, status: int
) -> None:
    machine = await registered(machines)
    path = f"{AGENTS}/{machine['id']}"

    response = await machines.call("PATCH", path, {"name": "other"}, {"If-Match": condition})

    assert status == response.status_code
    assert machines.stored(machine["id"])["version"] == (2 if status == 200 else 1)
    if status == 412:
        assert problem(response, 412)["type"] == f"{ERRORS}/precondition-failed"


async def test_a_machine_that_would_be_too_large_is_rejected(machines: MachinesApi) -> None:
    machine = await registered(machines)

    response = await machines.call("PATCH", f"{AGENTS}/{machine['id']}", {"os_info": "x" * 500_000})

    assert [(location, kind) for location, _, kind in faults(response)] == [
        (["body", "os_info"], "too_large")
    ]


async def test_a_patch_with_a_key_is_replayed_whatever_came_after(machines: MachinesApi) -> None:
    machine = await registered(machines)
    path, key = f"{AGENTS}/{machine['id']}", {"Idempotency-Key": "a"}
    first = await machines.call("PATCH", path, {"name": "first"}, key)
    await patched(machines, machine["id"], {"name": "second"})

    replay = await machines.call("PATCH", path, {"name": "first"}, key)

    assert first.content == replay.content
    assert first.headers["etag"] == replay.headers["etag"] == '"2"'
    assert replay.headers["idempotent-replayed"] == "true"
    assert machines.stored(machine["id"])["name"] == "second"
    [(_, _, kind)] = faults(await machines.call("PATCH", path, {"name": "other"}, key))
    assert kind == "idempotency_key_reused"


async def test_a_patch_that_changed_nothing_is_replayed_too(machines: MachinesApi) -> None:
    machine = await registered(machines)
    path, key = f"{AGENTS}/{machine['id']}", {"Idempotency-Key": "a"}
    first = await machines.call("PATCH", path, {}, key)
    await patched(machines, machine["id"], {"name": "other"})

    replay = await machines.call("PATCH", path, {}, key)

    assert first.content == replay.content
    assert replay.headers["idempotent-replayed"] == "true"
