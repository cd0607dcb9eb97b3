"""`Idempotency-Key`: one effect, and the same response for all repeats."""

import asyncio
import json
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import httpx
import pytest

from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.machines.expectations import ERRORS, PATH, created, invalid, problem
from tests.stack import RunningStack

# The headers in which a replay differs: the time, the request's id, and the mark of a replay.
VOLATILE_HEADERS = {"date", "x-request-id", "idempotent-replayed"}


def key(text: str) -> dict[str, str]:
    return {"Idempotency-Key": text}


def lasting(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Return the parts of a response that a replay repeats."""
    headers = {name: value for name, value in response.headers.items() if name not in VOLATILE_HEADERS}
    return response.status_code, response.content, headers


def ids_in(machines: MachinesApi) -> list[str]:
    return [document.id for document in machines.machines().stream()]


async def test_the_same_request_again_gets_the_same_response(machines: MachinesApi) -> None:
    body = a_body()
    first = await machines.register(body, key("a"))
    assert "idempotent-replayed" not in first.headers

    replays = [await machines.register(body, key("a")) for _ in range(3)]

    for replay in replays:
        assert replay.headers["idempotent-replayed"] == "true"
        assert lasting(first) == lasting(replay)
    assert [created(first)] == ids_in(machines)


async def test_a_replay_has_a_request_id_of_its_own(machines: MachinesApi) -> None:
    body = a_body()

    ids = {(await machines.register(body, key("a"))).headers["x-request-id"] for _ in range(3)}

    assert len(ids) == 3


async def test_a_protobuf_response_is_replayed_as_it_was(machines: MachinesApi) -> None:
    body = a_body()
    headers = key("a") | {"Accept": "application/x-protobuf"}

    first = await machines.register(body, headers)
    replay = await machines.register(body, headers)

    assert first.headers["content-type"] == "application/x-protobuf"
    assert replay.headers["idempotent-replayed"] == "true"
    assert lasting(first) == lasting(replay)


async def test_the_same_key_with_another_body_is_rejected(machines: MachinesApi) -> None:
    first = created(await machines.register(a_body(), key("a")))

    body = problem(await machines.register(a_body(), key("a")), 422)

    assert f"{ERRORS}/idempotency-key-reused" == body["type"]
    assert [first] == ids_in(machines)


async def test_the_same_key_and_mac_with_another_body_is_no_conflict_but_a_reused_key(
    machines: MachinesApi,
) -> None:
    body = a_body()
    created(await machines.register(body, key("a")))

    reused = problem(await machines.register(body | {"name": "other"}, key("a")), 422)

    assert f"{ERRORS}/idempotency-key-reused" == reused["type"]


async def test_the_same_key_for_another_call_is_rejected(machines: MachinesApi) -> None:
    body = a_body()
    machine_id = created(await machines.register(body, key("a")))

    headers = machines.organization.headers | key("a")
    response = await machines.http.put(f"{PATH}/{machine_id}", json=body, headers=headers)

    assert f"{ERRORS}/idempotency-key-reused" == problem(response, 422)["type"]


async def test_a_key_may_be_used_again_after_a_day(machines: MachinesApi) -> None:
    """Firestore deletes a record some time after it expires; until then, it is ignored."""
    first = created(await machines.register(a_body(), key("a")))
    [record] = machines.store.collection("organizations", machines.organization.id, "idempotency").get()
    in_a_day = datetime.now(UTC) + timedelta(hours=24)
    assert abs(record.get("expires_at") - in_a_day) < timedelta(minutes=1)
    record.reference.update({"expires_at": datetime.now(UTC)})

    body = a_body()
    second = await machines.register(body, key("a"))
    replay = await machines.register(body, key("a"))

    assert [first, created(second)] == ids_in(machines)
    assert lasting(second) == lasting(replay)
    assert "idempotent-replayed" not in second.headers
    assert replay.headers["idempotent-replayed"] == "true"


async def test_two_keys_are_two_requests(machines: MachinesApi) -> None:
    body = a_body()
    created(await machines.register(body, key("a")))

    problem(await machines.register(body, key("b")), 409)


async def test_a_key_belongs_to_its_organization(machines: MachinesApi, others: MachinesApi) -> None:
    mine = created(await machines.register(a_body(), key("a")))
    theirs = created(await others.register(a_body(), key("a")))

    assert ([mine], [theirs]) == (ids_in(machines), ids_in(others))


async def test_a_rejected_request_records_nothing(machines: MachinesApi, others: MachinesApi) -> None:
    taken = a_mac()
    created(await others.register(a_body(nics=[{"mac": taken}])))
    problem(await machines.register(a_body(nics=[]), key("a")), 400)
    problem(await machines.register(a_body(nics=[{"mac": taken}]), key("a")), 409)

    response = await machines.register(a_body(), key("a"))

    created(response)
    assert "idempotent-replayed" not in response.headers


async def test_a_rejected_request_may_be_tried_again(machines: MachinesApi) -> None:
    body = a_body()
    first = created(await machines.register(body))
    for _ in range(2):
        response = problem(await machines.register(body, key("a")), 409)
        assert first == response["existing_machine_id"]


@pytest.mark.parametrize("text", ["!", "~", "x" * 255, '"quoted"', "0193a5d2-7b1c-7000-8000-000000000000"])
async def test_any_visible_ascii_is_a_key(machines: MachinesApi, text: str) -> None:
    body = a_body()

    responses = [await machines.register(body, key(text)) for _ in range(2)]

    assert [response.headers.get("idempotent-replayed") for response in responses] == [None, "true"]
    assert [created(responses[0])] == ids_in(machines)


async def test_white_space_around_a_key_does_not_count(machines: MachinesApi, stack: RunningStack) -> None:
    """RFC 9110, section 5.5. httpx sends no such header."""
    body = a_body()
    created(await machines.register(body, key("a")))
    function = httpx.URL(stack.functions["machines"])
    headers = {**machines.organization.headers, "Content-Type": "application/json"}
    connection = HTTPConnection(function.host, function.port)

    def repeat() -> str | None:
        with closing(connection):
            connection.request("POST", PATH, json.dumps(body), headers | {"Idempotency-Key": " \ta \t"})
            return connection.getresponse().getheader("Idempotent-Replayed")

    assert await asyncio.to_thread(repeat) == "true"


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("header", [b"", b"x" * 256, b"a b", b"a\tb", "\u00e9".encode(), b"\xff"])
async def test_another_key_is_rejected(machines: MachinesApi, header: bytes) -> None:
    response = await machines.register(a_body(), {"Idempotency-Key": header})

    invalid(response, "Idempotency-Key", detail="The request failed validation")


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("second", ["a", "b"])
async def test_two_keys_of_one_request_are_rejected(machines: MachinesApi, second: str) -> None:
    headers = [*machines.organization.headers.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", second)]

    response = await machines.http.post(PATH, json=a_body(), headers=headers)

    reasons = invalid(response, "Idempotency-Key", detail="The request failed validation")
    assert reasons == {"Idempotency-Key": "must not be given twice"}


async def test_keys_differ_by_case(machines: MachinesApi) -> None:
    body = a_body()
    created(await machines.register(body, key("a")))

    problem(await machines.register(body, key("A")), 409)


async def test_of_64_concurrent_requests_with_one_key_one_takes_effect_and_all_get_its_response(
    machines: MachinesApi,
) -> None:
    body = a_body()

    responses = await asyncio.gather(*(machines.register(body, key("a")) for _ in range(64)))

    assert len({lasting(response)[:2] for response in responses}) == 1
    assert Counter({None: 1, "true": 63}) == Counter(
        response.headers.get("idempotent-replayed") for response in responses
    )
    assert [created(responses[0])] == ids_in(machines)


async def test_of_16_different_requests_at_once_with_one_key_one_takes_effect(machines: MachinesApi) -> None:
    responses = await asyncio.gather(*(machines.register(a_body(), key("a")) for _ in range(16)))

    assert Counter({201: 1, 422: 15}) == Counter(response.status_code for response in responses)
    assert len(ids_in(machines)) == 1
