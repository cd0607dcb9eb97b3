"""`POST /v1/machines`: an agent registers the machine that it runs on."""

import asyncio
from typing import Any

import pytest

from shared.pb.inventory.v1.events_pb2 import MachineCreated
from tests.event_log import EventLog
from tests.functions.machines.agents import AGENTS, Json, a_registration, faults, registered, shown
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.expectations import ERRORS, PATH, UUID7, problem
from tests.inventory_checker import InventoryChecker, settled

FULL: Json = {
    "name": "rack 7, slot 3",
    "version": "1.4.2",
    "hostname": "r7s3.example.com",
    "os_info": "Debian GNU/Linux 12 (bookworm)",
    "machine_parameters": {"retries": 3, "matrix": [[1], []]},
}
_NOTHING_SETS = ("user_id", "linked_keepalive_machine_id", "physical_server_id")
UNSET: Json = {
    **dict.fromkeys((*FULL, "reserved_session_id", "machine_sensitive_parameters", *_NOTHING_SETS)),
    "labels": {},
    **{name: [] for name in ("cpus", "memory_modules", "accelerators", "nics", "drives")},
}
TOO_LONG = "String should have at most {} characters"


async def test_the_response_is_the_machine(machines: MachinesApi) -> None:
    body = a_registration()

    response = await machines.call("POST", AGENTS, body)

    machine = shown(response, 201)
    assert UUID7.fullmatch(machine["id"])
    assert f"{AGENTS}/{machine['id']}" == response.headers["location"]
    assert response.headers["etag"] == '"1"'
    assert body | UNSET == {name: machine[name] for name in body | UNSET}
    assert machines.organization.id == machine["organization_id"]
    assert (machine["status"], machine["is_available"], machine["alerts_enabled"]) == (
        "disconnected",
        True,
        True,
    )
    assert machine["created_at"] == machine["updated_at"] == machine["last_seen"]


async def test_every_field_is_kept_and_both_families_show_it(machines: MachinesApi) -> None:
    body = a_registration(**FULL)

    machine = shown(await machines.call("POST", AGENTS, body), 201)

    assert body == {name: machine[name] for name in body}
    assert machine == shown(await machines.call("GET", f"{PATH}/{machine['id']}"))


async def test_the_event_carries_the_whole_machine(
    machines: MachinesApi, log: EventLog, checker: InventoryChecker
) -> None:
    machine = await registered(machines, **FULL)

    assert log.wait_for(lambda log: len(log.of(machine["id"])) == 1)
    [event] = log.of(machine["id"])
    assert isinstance(event.message, MachineCreated)
    assert machine["fingerprint"] == event.message.machine.fingerprint
    assert settled(checker.faults) == []


async def test_a_fingerprint_is_unique_within_its_organization(
    machines: MachinesApi, checker: InventoryChecker
) -> None:
    first = await registered(machines)

    response = await machines.call("POST", AGENTS, a_registration(fingerprint=first["fingerprint"]))

    assert problem(response, 409) == {
        "type": f"{ERRORS}/duplicate-fingerprint",
        "title": "Duplicate Fingerprint",
        "status": 409,
        "detail": f"A machine with fingerprint {first['fingerprint']} already exists",
        "instance": AGENTS,
        "fingerprint": first["fingerprint"],
        "existing_machine_id": first["id"],
    }
    assert settled(checker.faults) == []


async def test_organizations_may_have_the_same_fingerprints(
    machines: MachinesApi, others: MachinesApi
) -> None:
    machine = await registered(machines)

    assert machine["id"] != (await registered(others, fingerprint=machine["fingerprint"]))["id"]


@pytest.mark.parametrize("fingerprint", ["a:b", ":", "mac:00:00:5e:00:53:01", "é \u0000", "x" * 255])
async def test_any_text_is_a_fingerprint(machines: MachinesApi, fingerprint: str) -> None:
    machine = await registered(machines, fingerprint=fingerprint)

    assert fingerprint == machine["fingerprint"]
    body = problem(await machines.call("POST", AGENTS, a_registration(fingerprint=fingerprint)), 409)
    assert (fingerprint, machine["id"]) == (body["fingerprint"], body["existing_machine_id"])


async def test_of_concurrent_registrations_one_succeeds(
    machines: MachinesApi, checker: InventoryChecker
) -> None:
    body = a_registration()

    responses = await asyncio.gather(*(machines.call("POST", AGENTS, body) for _ in range(32)))

    [winner] = [shown(response, 201) for response in responses if response.is_success]
    for response in responses:
        if not response.is_success:
            assert problem(response, 409)["existing_machine_id"] == winner["id"]
    assert [winner["id"]] == [document.id for document in machines.machines().stream()]
    assert settled(checker.faults) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {},
            [
                (["body", "fingerprint"], "Field required", "missing"),
                (["body", "unkey_key_id"], "Field required", "missing"),
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
        (
            a_registration(fingerprint="", unkey_key_id=7),
            [
                (["body", "fingerprint"], "String should have at least 1 character", "string_too_short"),
                (["body", "unkey_key_id"], "Input should be a valid string", "string_type"),
            ],
        ),
        (
            a_registration(fingerprint="x" * 256, unkey_key_id="x" * 256),
            [
                (["body", "fingerprint"], TOO_LONG.format(255), "string_too_long"),
                (["body", "unkey_key_id"], TOO_LONG.format(255), "string_too_long"),
            ],
        ),
        (
            a_registration(name="x" * 256, hostname="x" * 256, version="x" * 51),
            [
                (["body", "name"], TOO_LONG.format(255), "string_too_long"),
                (["body", "version"], TOO_LONG.format(50), "string_too_long"),
                (["body", "hostname"], TOO_LONG.format(255), "string_too_long"),
            ],
        ),
        (
            a_registration(os_info=1, machine_parameters=[]),
            [
                (["body", "os_info"], "Input should be a valid string", "string_type"),
                (["body", "machine_parameters"], "Input should be a valid dictionary", "dict_type"),
            ],
        ),
        (
            a_registration(machine_parameters={"a": "x" * 65_536}),
            [(["body", "machine_parameters"], "must be at most 64 KiB as JSON", "too_large")],
        ),
        (
            a_registration(status="connected", cpus=[]),
            [
                (["body", "status"], "Extra inputs are not permitted", "extra_forbidden"),
                (["body", "cpus"], "Extra inputs are not permitted", "extra_forbidden"),
            ],
        ),
    ],
)
@pytest.mark.usefixtures("store_unchanged")
async def test_every_fault_is_reported_at_its_location(
    machines: MachinesApi, body: object, expected: list[tuple[list[str], str, str]]
) -> None:
    assert expected == faults(await machines.call("POST", AGENTS, body))


@pytest.mark.parametrize("sensitive", [{}, {"password": "a secret"}, "a secret"], ids=str)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_sensitive_parameters_are_rejected_and_not_repeated(
    machines: MachinesApi, method: str, sensitive: object
) -> None:
    machine = await registered(machines)
    path = AGENTS if method == "POST" else f"{AGENTS}/{machine['id']}"
    body: dict[str, Any] = a_registration() if method == "POST" else {}

    response = await machines.call(method, path, body | {"machine_sensitive_parameters": sensitive})

    [(location, words, kind)] = faults(response)
    assert location == ["body", "machine_sensitive_parameters"]
    assert words == "Sensitive parameters are refused: there is no secret store that could keep them"
    assert kind == "sensitive_parameters"
    assert "a secret" not in response.text


async def test_a_registration_with_a_key_is_replayed(machines: MachinesApi) -> None:
    body, key = a_registration(), {"Idempotency-Key": "a"}
    first = await machines.call("POST", AGENTS, body, key)

    replay = await machines.call("POST", AGENTS, body, key)

    assert shown(first, 201) == shown(replay, 201)
    assert replay.headers["idempotent-replayed"] == "true"
    assert first.headers["location"] == replay.headers["location"]
    [(location, _, kind)] = faults(await machines.call("POST", AGENTS, a_registration(), key))
    assert (location, kind) == (["header", "Idempotency-Key"], "idempotency_key_reused")


async def test_a_body_that_is_protobuf_is_not_taken(machines: MachinesApi) -> None:
    response = await machines.call("POST", AGENTS, {}, {"Content-Type": "application/x-protobuf"})

    assert problem(response, 415)["type"] == f"{ERRORS}/unsupported-media-type"
