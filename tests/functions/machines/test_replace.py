"""`PUT /api/v1/machines/{id}` replaces the hardware profile, with its claims."""

import json
import uuid

import httpx
import pytest

from shared.pb.inventory.v1.events_pb2 import MachineUpdated
from shared.pb.inventory.v1.machine_pb2 import Machine
from tests.control import Control
from tests.event_log import EventLog
from tests.functions.machines.agents import missing, patched, registered, shown
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import OPTIONAL, PROFILE, Body, a_body, a_full_body, a_mac
from tests.functions.machines.expectations import ERRORS, PATH, created, problem
from tests.inventory_checker import InventoryChecker, settled


async def test_the_profile_and_the_optional_fields_are_replaced(machines: MachinesApi) -> None:
    machine_id = created(await machines.register(a_full_body()))
    body = a_body(cpus=[], name="other", nics=[{"mac": a_mac()}, {"mac": a_mac()}])

    response = await machines.call("PUT", f"{PATH}/{machine_id}", body)

    machine = shown(response)
    assert response.headers["etag"] == '"2"'
    assert body == {name: machine[name] for name in body}
    absent = OPTIONAL.keys() - body.keys()
    assert {"labels": {}} | dict.fromkeys(absent - {"labels"}) == {name: machine[name] for name in absent}
    assert machine == shown(await machines.call("GET", f"{PATH}/{machine_id}"))


async def test_what_is_no_part_of_a_profile_stays(machines: MachinesApi) -> None:
    agent = await registered(machines)
    connected = await patched(machines, agent["id"], {"status": "connected", "is_available": False})

    replaced = shown(await machines.call("PUT", f"{PATH}/{agent['id']}", a_body()))

    changed = {"updated_at", *PROFILE}
    assert {name: connected[name] for name in connected.keys() - changed} == {
        name: replaced[name] for name in replaced.keys() - changed
    }


async def test_the_event_has_before_after_and_what_changed(
    machines: MachinesApi, log: EventLog, checker: InventoryChecker
) -> None:
    body = a_full_body()
    machine_id = created(await machines.register(body))

    shown(await machines.call("PUT", f"{PATH}/{machine_id}", body | {"name": "other", "cpus": []}))

    assert log.wait_for(lambda log: len(log.of(machine_id)) == 2)
    first, second = log.of(machine_id)
    assert isinstance(second.message, MachineUpdated)
    assert first.machine == second.message.before
    assert list(second.message.changed_fields) == ["cpus", "name"]
    assert second.message.after.version == 2
    assert settled(checker.faults) == []


async def test_a_profile_that_is_the_same_changes_nothing(
    machines: MachinesApi, firestore_control: Control, pubsub_control: Control
) -> None:
    """The order of fields and the notation of MAC addresses do not matter."""
    body = a_full_body()
    machine_id = created(await machines.register(body))
    stored = machines.stored(machine_id)
    await firestore_control.tally("Commit", machine_id)
    await pubsub_control.tally("Publish", machine_id)
    mac = body["nics"][0]["mac"].replace(":", "-").upper()

    response = await machines.call(
        "PUT", f"{PATH}/{machine_id}", dict(reversed(body.items())) | {"nics": [{"mac": mac}]}
    )

    assert await firestore_control.tallied() == 0
    assert await pubsub_control.tallied() == 0
    assert shown(response)["id"] == machine_id
    assert response.headers["etag"] == '"1"'
    assert stored == machines.stored(machine_id)


async def test_a_mac_that_is_left_out_is_free_at_once(
    machines: MachinesApi, checker: InventoryChecker
) -> None:
    mac, kept = a_mac(), a_mac()
    machine_id = created(await machines.register(a_body(nics=[{"mac": mac}, {"mac": kept}])))
    shown(await machines.call("PUT", f"{PATH}/{machine_id}", a_body(nics=[{"mac": kept}])))

    created(await machines.register(a_body(nics=[{"mac": mac}])))

    assert settled(checker.faults) == []


async def test_a_mac_of_another_machine_is_a_conflict_that_changes_nothing(
    machines: MachinesApi, checker: InventoryChecker
) -> None:
    mac = a_mac()
    owner = created(await machines.register(a_body(nics=[{"mac": mac}])))
    machine_id = created(await machines.register(a_body()))
    stored = machines.stored(machine_id)

    response = await machines.call(
        "PUT", f"{PATH}/{machine_id}", a_body(name="other", nics=[{"mac": a_mac()}, {"mac": mac}])
    )

    assert problem(response, 409) == {
        "type": f"{ERRORS}/duplicate-mac-address",
        "title": "Duplicate MAC Address",
        "status": 409,
        "detail": f"A machine with MAC address {mac} already exists",
        "instance": f"{PATH}/{machine_id}",
        "mac_address": mac,
        "existing_machine_id": owner,
    }
    assert stored == machines.stored(machine_id)
    assert settled(checker.faults) == []


async def test_a_mac_of_another_organization_is_a_conflict_that_does_not_say_whose(
    machines: MachinesApi, others: MachinesApi
) -> None:
    mac = a_mac()
    created(await others.register(a_body(nics=[{"mac": mac}])))
    machine_id = created(await machines.register(a_body()))

    body = problem(await machines.call("PUT", f"{PATH}/{machine_id}", a_body(nics=[{"mac": mac}])), 409)

    assert mac == body["mac_address"]
    assert "existing_machine_id" not in body


async def test_a_machine_of_a_fingerprint_gets_hardware_and_keeps_its_fingerprint(
    machines: MachinesApi, checker: InventoryChecker
) -> None:
    agent = await registered(machines)

    machine = shown(await machines.call("PUT", f"{PATH}/{agent['id']}", a_body()))

    assert agent["fingerprint"] == machine["fingerprint"]
    assert settled(checker.faults) == []


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        *(('"1"', 200), ("*", 200), ('"7", "1"', 200), (',"7",, "1",', 200)),
        *(('"2"', 412), ('W/"1"', 412), ('"1.1"', 412), ('"7" "1"', 412), ('"1"x', 412), ("1", 412)),
    ],
)
async def test_if_match_holds_back_a_change_of_another_version(
    machines: MachinesApi, condition: str, status: int
) -> None:
    machine_id = created(await machines.register(a_body()))

    response = await machines.call("PUT", f"{PATH}/{machine_id}", a_body(), {"If-Match": condition})

    assert status == response.status_code
    assert machines.stored(machine_id)["version"] == (2 if status == 200 else 1)
    if status == 412:
        failed = problem(response, 412)
        assert failed["type"] == f"{ERRORS}/precondition-failed"
        assert failed["detail"] == 'The resource has the ETag "1", which does not match If-Match'


@pytest.mark.parametrize(
    ("condition", "status"),
    [("*", 412), ('"1"', 412), ('W/"1"', 412), ('"7", "1"', 412), ('"2"', 200), ("1", 200)],
)
async def test_if_none_match_holds_back_a_change_of_that_version(
    machines: MachinesApi, condition: str, status: int
) -> None:
    """RFC 9110, 13.1.2: with `*`, a PUT overwrites nothing."""
    machine_id = created(await machines.register(a_body()))

    response = await machines.call("PUT", f"{PATH}/{machine_id}", a_body(), {"If-None-Match": condition})

    assert status == response.status_code
    assert machines.stored(machine_id)["version"] == (2 if status == 200 else 1)
    if status == 412:
        detail = 'The resource has the ETag "1", which matches If-None-Match'
        assert problem(response, 412)["detail"] == detail


async def test_conditions_in_several_lines_are_one_list(machines: MachinesApi) -> None:
    """RFC 9110, 5.3."""
    path = f"{PATH}/{created(await machines.register(a_body()))}"

    async def ask(method: str, name: str) -> httpx.Response:
        headers = [*machines.organization.headers.items(), (name, '"7"'), (name, '"1"')]
        content = json.dumps(a_body()) if method == "PUT" else None
        return await machines.http.request(method, path, headers=headers, content=content)

    assert (await ask("GET", "If-None-Match")).status_code == 304
    assert (await ask("PUT", "If-Match")).status_code == 200
    problem(await ask("PUT", "If-Match"), 412)


@pytest.mark.parametrize(
    ("condition", "status"), [('W/"1"', 304), ('"7","1"', 304), ("*", 304), ('x"1"', 200), ('"7" "1"', 200)]
)
async def test_what_is_no_list_of_tags_names_none(machines: MachinesApi, condition: str, status: int) -> None:
    path = f"{PATH}/{created(await machines.register(a_body()))}"

    assert (await machines.call("GET", path, None, {"If-None-Match": condition})).status_code == status


async def test_all_faults_are_reported_at_once_and_nothing_changes(machines: MachinesApi) -> None:
    machine_id = created(await machines.register(a_body()))
    stored = machines.stored(machine_id)
    response = await machines.call("PUT", f"{PATH}/{machine_id}", {"nics": [], "name": 1, "memory": []})

    reasons = {fault["field"]: fault["reason"] for fault in problem(response, 400)["invalid_fields"]}

    assert reasons["nics"] == "at least one NIC is required"
    assert {"nics", "name", "memory"} == reasons.keys()
    assert stored == machines.stored(machine_id)


@pytest.mark.parametrize(("method", "body"), [("PUT", a_body()), ("DELETE", None)])
async def test_an_unknown_machine_is_not_found(machines: MachinesApi, method: str, body: Body | None) -> None:
    for machine_id in (str(uuid.uuid4()), "none"):
        missing(await machines.call(method, f"{PATH}/{machine_id}", body), machine_id)


@pytest.mark.parametrize(("method", "body"), [("PUT", a_body()), ("DELETE", None)])
async def test_another_organizations_machine_is_not_found(
    machines: MachinesApi, others: MachinesApi, method: str, body: Body | None
) -> None:
    machine_id = created(await others.register(a_body()))

    missing(await machines.call(method, f"{PATH}/{machine_id}", body), machine_id)

    assert others.stored(machine_id)["version"] == 1


async def test_a_protobuf_body_gets_a_protobuf_response(machines: MachinesApi) -> None:
    machine_id = created(await machines.register(a_body()))
    wanted = Machine(nics=[{"mac": a_mac()}], agent_version="7", machine_parameters='{"a":1}')
    protobuf = "application/x-protobuf"

    response = await machines.http.put(
        f"{PATH}/{machine_id}",
        content=wanted.SerializeToString(),
        headers={**machines.organization.headers, "Content-Type": protobuf, "Accept": protobuf},
    )

    assert protobuf == response.headers["content-type"]
    machine = Machine.FromString(response.content)
    assert machine.version == 2
    assert (wanted.nics, "7", '{"a":1}') == (machine.nics, machine.agent_version, machine.machine_parameters)


async def test_a_profile_that_is_too_large_for_its_event_is_rejected(machines: MachinesApi) -> None:
    machine_id = created(await machines.register(a_body()))

    response = await machines.call("PUT", f"{PATH}/{machine_id}", a_body(os_info="x" * 500_000))

    assert [fault["field"] for fault in problem(response, 400)["invalid_fields"]] == ["os_info"]


async def test_a_profile_whose_response_is_too_large_to_be_recorded_is_rejected(
    machines: MachinesApi,
) -> None:
    """JSON encodes a control character in six bytes."""
    machine_id = created(await machines.register(a_body()))
    body = a_body(os_info="\x01" * 170_000)

    response = await machines.call("PUT", f"{PATH}/{machine_id}", body, {"Idempotency-Key": "a"})

    assert [fault["field"] for fault in problem(response, 400)["invalid_fields"]] == ["os_info"]
    shown(
        await machines.call(
            "PUT", f"{PATH}/{machine_id}", a_body(os_info="\x01" * 150_000), {"Idempotency-Key": "a"}
        )
    )
