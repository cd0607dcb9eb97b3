"""A successful registration: its response, and its documents."""

import json
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from infra import keys
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import OPTIONAL, PROFILE, a_body, a_full_body, a_mac
from tests.functions.machines.expectations import created

A_MINUTE = timedelta(minutes=1)


async def test_the_response_is_the_machines_id(machines: MachinesApi) -> None:
    created(await machines.register(a_body()))


async def test_the_id_is_a_uuid_of_this_moment(machines: MachinesApi) -> None:
    """RFC 9562, section 5.7: the first 48 bits are Unix milliseconds."""
    before = time.time_ns() // 1_000_000

    machine_id = created(await machines.register(a_body()))

    after = time.time_ns() // 1_000_000
    assert before <= UUID(machine_id).int >> 80 <= after


async def test_ids_ascend(machines: MachinesApi) -> None:
    ids = [created(await machines.register(a_body())) for _ in range(10)]

    assert sorted(ids) == ids


async def test_the_machine_is_stored_with_plain_integers_and_nested_maps(machines: MachinesApi) -> None:
    body = a_body()

    stored = machines.stored(created(await machines.register(body)))

    assert {name: stored[name] for name in PROFILE} == body


async def test_optional_fields_are_stored_too(machines: MachinesApi) -> None:
    stored = machines.stored(created(await machines.register(a_full_body())))

    expected = OPTIONAL | {"agent_version": OPTIONAL["version"], "version": 1}
    shown = {name: stored[name] for name in expected}
    shown["machine_parameters"] = json.loads(shown["machine_parameters"])
    assert expected == shown


async def test_what_the_server_adds(machines: MachinesApi) -> None:
    [key] = keys.find(machines.store, "organization_id", machines.organization.id)

    machine_id = created(await machines.register(a_body()))

    stored = machines.stored(machine_id)
    expected = {
        "id": machine_id,
        "organization_id": machines.organization.id,
        "version": 1,
        "unkey_key_id": key.get("id"),
        "status": 2,  # MACHINE_STATUS_DISCONNECTED
        "is_available": True,
        "pool_ids": [],
    }
    assert expected == {name: stored[name] for name in expected}
    assert stored["created_at"] == stored["updated_at"]
    assert abs(datetime.now(UTC) - stored["created_at"]) < A_MINUTE
    assert abs(datetime.now(UTC) - stored["last_seen"]) < A_MINUTE


@pytest.mark.parametrize("name", ["name", "hostname", "agent_version", "os_info", "machine_parameters"])
async def test_what_was_not_sent_is_not_stored(machines: MachinesApi, name: str) -> None:
    stored = machines.stored(created(await machines.register(a_body())))

    assert name not in stored


async def test_two_machines_may_be_alike_but_for_their_macs(machines: MachinesApi) -> None:
    one = created(await machines.register(a_full_body()))
    other = created(await machines.register(a_full_body()))

    assert one != other
    assert {one, other} == {document.id for document in machines.machines().stream()}


async def test_the_order_of_nics_is_kept(machines: MachinesApi) -> None:
    nics = [{"mac": a_mac()} for _ in range(16)]

    stored = machines.stored(created(await machines.register(a_body(nics=nics))))

    assert nics == stored["nics"]


async def test_a_status_of_a_newer_release_is_an_error(machines: MachinesApi) -> None:
    """During a rollout, this release still responds."""
    machine_id = created(await machines.register(a_body()))
    machines.machines().document(machine_id).update({"status": 99})

    page = (await machines.call("GET", "/v1/machines")).json()

    assert [machine["status"] for machine in page["items"]] == ["error"]
