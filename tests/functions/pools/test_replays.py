"""Requests repeated with their idempotency keys."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.functions.pools.api import Json, PoolsApi
from tests.functions.pools.expectations import invalid, pool
from tests.functions.pools.inbox import Inbox

KEY = {"Idempotency-Key": "a"}
PRESENT = ("machine_count", "machines")


def recorded(response: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """Return the parts of a response that a replay repeats: those that the commit determines."""
    changing = {"x-request-id", "date", "content-length", "link", "idempotent-replayed"}
    headers = {name: value for name, value in response.headers.items() if name not in changing}
    body = response.text.partition(',"machine_count":')[0]
    return response.status_code, headers, body


def replayed(first: httpx.Response, second: httpx.Response) -> Json:
    """Check that a response replays another one, and return its body."""
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert recorded(first) == recorded(second)
    body: Json = second.json()
    return body


async def test_a_pool_is_created_once(pools: PoolsApi) -> None:
    first = await pools.call("POST", "/v1/pools", {"name": "a"}, KEY)
    created = pool(first, 201)
    await pools.add(created["id"], [await pools.register()])
    await pools.update(created["id"], {"name": "b"})

    second = await pools.call("POST", "/v1/pools", {"name": "a"}, KEY)

    assert created | {"machine_count": 1} == replayed(first, second)
    assert (await pools.call("GET", "/v1/pools")).json()["total"] == 1


async def test_an_update_is_made_once(pools: PoolsApi) -> None:
    path = f"/v1/pools/{(await pools.create())['id']}"
    first = await pools.call("PATCH", path, {"name": "b"}, KEY)
    await pools.call("PATCH", path, {"name": "c"})

    second = await pools.call("PATCH", path, {"name": "b"}, KEY)

    assert replayed(first, second)["name"] == "b"
    assert (await pools.call("GET", path)).json()["name"] == "c"


async def test_a_deletion_is_repeated(pools: PoolsApi) -> None:
    path = f"/v1/pools/{(await pools.create())['id']}"

    responses = [await pools.call("DELETE", path, headers=KEY) for _ in range(2)]

    assert [response.status_code for response in responses] == [204, 204]
    assert responses[1].headers["idempotent-replayed"] == "true"


async def test_an_assignment_shows_the_members_of_now(pools: PoolsApi) -> None:
    created = await pools.create()
    path = f"/v1/pools/{created['id']}/machines"
    later, staying, leaving = await pools.register_several(3)
    body = {"machine_ids": [leaving, staying]}
    first = await pools.call("POST", path, body, KEY)
    await pools.remove(created["id"], [leaving])
    await pools.add(created["id"], [later])
    await pools.update(created["id"], {"name": "b"})

    second = await pools.call("POST", path, body, KEY)

    shown = replayed(first, second)
    assert (shown["machine_count"], second.headers["etag"]) == (2, '"1"')
    assert [staying, later] == [machine["id"] for machine in shown["machines"]]
    assert await pools.pools_of(leaving) == []


async def test_a_replay_shows_the_members_though_the_media_type_is_none_that_is_taken(
    pools: PoolsApi,
) -> None:
    """A request's headers are not part of its digest."""
    created, machine = await pools.create(), await pools.register()
    path = f"/v1/pools/{created['id']}"
    requests: list[tuple[str, str, Json]] = [
        ("POST", f"{path}/machines", {"machine_ids": [machine]}),
        ("PATCH", path, {"name": "b"}),
        ("POST", "/v1/pools", {"name": "c"}),
    ]

    shown = []
    for number, (method, target, body) in enumerate(requests):
        key = {"Idempotency-Key": f"{number}"}
        first = await pools.call(method, target, body, key)
        second = await pools.call(method, target, body, key | {"Content-Type": "text/plain"})
        shown.append(replayed(first, second))

    assert [response["machine_count"] for response in shown] == [1, 1, 0]
    assert [machine] == [member["id"] for member in shown[0]["machines"]]


async def test_the_replay_for_a_deleted_pool_shows_no_members(pools: PoolsApi) -> None:
    created = await pools.create()
    path = f"/v1/pools/{created['id']}/machines"
    body = {"machine_ids": [await pools.register()]}
    first = await pools.call("POST", path, body, KEY)
    update = await pools.call("PATCH", f"/v1/pools/{created['id']}", {"name": "b"}, {"Idempotency-Key": "b"})
    await pools.delete(created["id"])

    shown = replayed(first, await pools.call("POST", path, body, KEY))
    # Simulate a member that is not cleaned up yet.
    pools.put([await pools.register()], [created["id"]])
    again = await pools.call("PATCH", f"/v1/pools/{created['id']}", {"name": "b"}, {"Idempotency-Key": "b"})

    assert (shown["machine_count"], shown["machines"]) == (0, [])
    assert (replayed(update, again)["machine_count"], again.headers["etag"]) == (0, '"2"')


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/remove")])
async def test_a_removal_is_made_once(pools: PoolsApi, method: str, path: str) -> None:
    created, machine = await pools.create(), await pools.register()
    await pools.add(created["id"], [machine])
    path, body = f"/v1/pools/{created['id']}/machines{path}", {"machine_ids": [machine]}
    await pools.call(method, path, body, KEY)
    await pools.add(created["id"], [machine])

    second = await pools.call(method, path, body, KEY)

    assert (second.status_code, second.headers["idempotent-replayed"]) == (204, "true")
    assert [created["id"]] == await pools.pools_of(machine)


async def test_a_replacement_is_made_once(pools: PoolsApi) -> None:
    created, machine = await pools.create(), await pools.register()
    path, body = f"/v1/machines/{machine}/pools", {"pool_ids": [created["id"]]}
    first = await pools.call("PUT", path, body, KEY)
    await pools.call("PUT", path, {"pool_ids": []})

    second = await pools.call("PUT", path, body, KEY)

    assert first.content == second.content
    replayed(first, second)
    assert await pools.pools_of(machine) == []


async def test_what_changed_nothing_is_recorded_too(pools: PoolsApi) -> None:
    created, machine = await pools.create(), await pools.register()
    path, body = f"/v1/pools/{created['id']}/machines", {"machine_ids": [machine]}
    await pools.call("POST", f"{path}/remove", body, KEY)
    await pools.add(created["id"], [machine])

    second = await pools.call("POST", f"{path}/remove", body, KEY)

    assert (second.status_code, second.headers["idempotent-replayed"]) == (204, "true")
    assert [created["id"]] == await pools.pools_of(machine)


async def test_a_failure_is_not_recorded(pools: PoolsApi) -> None:
    created, machine = await pools.create(), await pools.register()
    path, body = f"/v1/machines/{machine}/pools", {"pool_ids": [created["id"]]}

    stale = await pools.call("PUT", path, body, KEY | {"If-Match": '"2"'})
    right = await pools.call("PUT", path, body, KEY | {"If-Match": '"1"'})

    assert (stale.status_code, right.status_code) == (412, 200)
    assert "idempotent-replayed" not in right.headers


async def test_a_key_is_for_one_request(pools: PoolsApi) -> None:
    created, machine = await pools.create(), await pools.register()
    path, body = f"/v1/pools/{created['id']}/machines", {"machine_ids": [machine]}
    await pools.call("POST", path, body, KEY)

    others: list[tuple[str, str, object]] = [
        ("POST", path, {"machine_ids": [machine, machine]}),
        ("DELETE", path, body),
        ("POST", f"{path}/remove", body),
        ("POST", f"{path}?&", body),
        ("POST", path.replace("pools", "%70ools"), body),
        ("POST", "/v1/pools", {"name": "a"}),
        ("PATCH", f"/v1/pools/{created['id']}", {"name": "b"}),
        ("DELETE", f"/v1/pools/{created['id']}", None),
        ("PUT", f"/v1/machines/{machine}/pools", {"pool_ids": []}),
    ]
    message = "The idempotency key was used before, with another method, path or body"
    for method, other_path, other_body in others:
        response = await pools.call(method, other_path, other_body, KEY)

        invalid(response, (("header", "Idempotency-Key"), message, "idempotency_key_reused"))
    assert [created["id"]] == await pools.pools_of(machine)


async def test_64_uses_of_one_key_at_once_take_effect_once(pools: PoolsApi, inbox: Inbox) -> None:
    created, machine = await pools.create(), await pools.register()
    path, body = f"/v1/pools/{created['id']}/machines", {"machine_ids": [machine]}

    responses = await asyncio.gather(*(pools.call("POST", path, body, KEY) for _ in range(64)))

    assert {200} == {response.status_code for response in responses}
    [first] = [response for response in responses if "idempotent-replayed" not in response.headers]
    for response in responses:
        assert recorded(first) == recorded(response)
        assert [machine] == [shown["id"] for shown in response.json()["machines"]]
    await pools.delete(created["id"])
    assert [kind for kind, _ in inbox.next_several(3)] == ["created", "machines_added", "deleted"]


async def test_8_uses_at_once_of_a_key_that_has_expired_take_effect_once(pools: PoolsApi) -> None:
    await pools.call("POST", "/v1/pools", {"name": "a"}, KEY)
    [record] = pools.store.collection("organizations", pools.organization.id, "idempotency").get()
    record.reference.update({"expires_at": datetime.now(UTC)})

    responses = await asyncio.gather(*(pools.call("POST", "/v1/pools", {"name": "b"}, KEY) for _ in range(8)))

    [first] = [response for response in responses if "idempotent-replayed" not in response.headers]
    created = pool(first, 201)
    assert [created["id"]] * 8 == [response.json()["id"] for response in responses]
    assert (await pools.call("GET", "/v1/pools")).json()["total"] == 2
