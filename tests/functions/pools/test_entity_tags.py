"""The ETags of pools, and requests with conditions on them."""

import pytest

from tests.functions.pools.api import WRITES, PoolsApi
from tests.functions.pools.expectations import pool


async def test_what_the_client_knows_is_not_sent_again(pools: PoolsApi) -> None:
    path = f"/v1/pools/{(await pools.create())['id']}"

    known = await pools.call("GET", path, headers={"If-None-Match": '"1"'})
    other = await pools.call("GET", path, headers={"If-None-Match": '"2"'})

    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", '"1"')
    pool(other)


async def test_a_pool_with_another_number_of_members_is_sent_again(pools: PoolsApi) -> None:
    """Members change without a new version of the pool."""
    pool_id, machines = (await pools.create())["id"], await pools.register_several(3)

    async def get(tag: str) -> tuple[int, str]:
        response = await pools.call("GET", f"/v1/pools/{pool_id}", headers={"If-None-Match": tag})
        return response.status_code, response.headers["etag"]

    await pools.add(pool_id, machines[:2])
    assert await get('"1"') == (200, '"1.2"')
    assert await get('"1.2"') == (304, '"1.2"')
    await pools.add(pool_id, machines[2:])
    assert await get('"1.2"') == (200, '"1.3"')
    await pools.remove(pool_id, machines)
    assert await get('"1.3"') == (200, '"1"')
    assert await get('"1"') == (304, '"1"')


async def test_a_change_is_tagged_with_the_version_alone(pools: PoolsApi) -> None:
    """The response is recorded, and its replay has the same headers, even if the members have changed."""
    pool_id, machines = (await pools.create())["id"], await pools.register_several(2)
    path = f"/v1/pools/{pool_id}"

    added = await pools.call("POST", f"{path}/machines", {"machine_ids": machines})
    updated = await pools.call("PATCH", path, {"name": "b"})
    same = await pools.call("PATCH", path, {"name": "b"})
    queries = ("", "?include_machines=true", "?include=machines")
    shown = [await pools.call("GET", f"{path}{query}") for query in queries]

    assert added.headers["etag"] == '"1"'
    for response in (updated, same):
        assert (pool(response)["machine_count"], response.headers["etag"]) == (2, '"2"')
    for response in shown:
        assert (pool(response)["machine_count"], response.headers["etag"]) == (2, '"2.2"')


@pytest.mark.parametrize("tag", ['"2"', '"2.1"', '"2.17"', 'W/"2", "2"', "*"])
async def test_a_change_looks_at_the_version_alone(pools: PoolsApi, tag: str) -> None:
    pool_id = (await pools.create())["id"]
    await pools.update(pool_id, {"name": "b"})
    await pools.add(pool_id, [await pools.register()])

    response = await pools.call("PATCH", f"/v1/pools/{pool_id}", {"name": "c"}, {"If-Match": tag})

    assert pool(response)["name"] == "c"


@pytest.mark.parametrize("tag", ['"1"', '"1.1"', '"2.nonsense"', '"2."', '"2.1.1"', '"22"', 'W/"2"', "2", ""])
async def test_a_change_for_another_version_is_rejected(pools: PoolsApi, tag: str) -> None:
    path = f"/v1/pools/{(await pools.create())['id']}"
    await pools.call("PATCH", path, {"name": "b"})

    for method, url, body in (
        ("PATCH", path, {"name": "c"}),
        ("POST", f"{path}/machines", {"machine_ids": [await pools.register()]}),
        ("DELETE", path, None),
    ):
        response = await pools.call(method, url, body, {"If-Match": tag})
        assert response.status_code == 412, response.text
        detail = 'The resource has the version "2", which does not match If-Match'
        assert response.json()["detail"] == detail


@pytest.mark.parametrize("tag", ['"1"', '"1.17"', 'W/"1"', "*"])
async def test_a_change_for_all_but_the_version_is_rejected(pools: PoolsApi, tag: str) -> None:
    path = f"/v1/pools/{(await pools.create())['id']}"

    response = await pools.call("PATCH", path, {"name": "b"}, {"If-None-Match": tag})

    assert response.status_code == 412


async def test_a_response_with_machines_is_always_sent(pools: PoolsApi) -> None:
    """The number of machines can be the same although the machines differ."""
    path = f"/v1/pools/{(await pools.create())['id']}?include=machines"

    pool(await pools.call("GET", path, headers={"If-None-Match": '"1"'}))


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_a_pool_of_another_version_is_not_changed(
    *, pools: PoolsApi, method: str, path: str, body: object
) -> None:
    created = await pools.create()

    response = await pools.call(method, f"/v1/pools/{created['id']}{path}", body, {"If-Match": '"2"'})

    # An unknown machine is reported before the wrong version.
    assert response.status_code == (404 if path == "/machines" and method == "POST" else 412)
    assert created == await pools.get(created["id"])


async def test_a_pool_of_the_clients_version_is_changed(pools: PoolsApi) -> None:
    path = f"/v1/pools/{(await pools.create())['id']}"

    pool(await pools.call("PATCH", path, {"name": "b"}, {"If-Match": '"1"'}))
    pool(await pools.call("PATCH", path, {"name": "c"}, {"If-Match": '"1", "2"'}))
    assert (await pools.call("DELETE", path, headers={"If-Match": '"3"'})).status_code == 204
