"""The pools of one machine."""

import asyncio

from tests.functions.pools.api import PoolsApi, a_uuid
from tests.functions.pools.expectations import MACHINE_FIELDS, invalid, problem


async def test_a_machine_is_in_no_pool_at_first(pools: PoolsApi) -> None:
    response = await pools.call("GET", f"/v1/machines/{await pools.register()}/pools")

    assert (response.status_code, response.json()) == (200, [])


async def test_its_pools_are_shown_with_their_counts_in_the_order_of_joining(pools: PoolsApi) -> None:
    created = [await pools.create(name=name) for name in "abc"]
    machine, other = await pools.register_several(2)
    await pools.add(created[2]["id"], [machine, other])
    await pools.add(created[0]["id"], [machine])

    response = await pools.call("GET", f"/v1/machines/{machine}/pools")

    assert [created[2] | {"machine_count": 2}, created[0] | {"machine_count": 1}] == response.json()


async def test_the_pools_are_replaced_as_a_whole(pools: PoolsApi) -> None:
    left, kept, joined = [(await pools.create())["id"] for _ in range(3)]
    machine = await pools.register()
    await pools.add(left, [machine])
    await pools.add(kept, [machine])

    response = await pools.call("PUT", f"/v1/machines/{machine}/pools", {"pool_ids": [joined, kept, joined]})

    assert response.status_code == 200
    shown = response.json()
    assert shown.keys() >= MACHINE_FIELDS
    assert (shown["id"], response.headers["etag"]) == (machine, '"4"')
    assert [joined, kept] == await pools.pools_of(machine)
    assert [(await pools.get(one))["machine_count"] for one in (left, kept, joined)] == [0, 1, 1]
    assert shown == (await pools.call("GET", f"/api/v1/machines/{machine}")).json()


async def test_a_machine_can_leave_all_pools(pools: PoolsApi) -> None:
    machine = await pools.register()
    await pools.add((await pools.create())["id"], [machine])

    response = await pools.call("PUT", f"/v1/machines/{machine}/pools", {"pool_ids": []})

    assert response.status_code == 200
    assert await pools.pools_of(machine) == []


async def test_the_same_pools_in_another_order_change_nothing(pools: PoolsApi) -> None:
    first, second = (await pools.create())["id"], (await pools.create())["id"]
    machine = await pools.register()
    path = f"/v1/machines/{machine}/pools"
    await pools.call("PUT", path, {"pool_ids": [first, second]})

    response = await pools.call("PUT", path, {"pool_ids": [second, first]})

    assert (response.status_code, response.headers["etag"]) == (200, '"2"')


async def test_a_pool_that_is_gone_already_is_left_without_a_change(pools: PoolsApi) -> None:
    pool_id, machine = (await pools.create())["id"], await pools.register()
    await pools.add(pool_id, [machine])
    await pools.delete(pool_id)

    response = await pools.call("PUT", f"/v1/machines/{machine}/pools", {"pool_ids": []})

    assert (response.status_code, response.headers["etag"]) == (200, '"2"')


async def test_unknown_pools_are_all_named_and_nothing_changes(pools: PoolsApi, others: PoolsApi) -> None:
    kept, wanted = (await pools.create())["id"], (await pools.create())["id"]
    machine = await pools.register()
    await pools.add(kept, [machine])
    unknown = [a_uuid(), (await others.create())["id"]]

    response = await pools.call("PUT", f"/v1/machines/{machine}/pools", {"pool_ids": [wanted, *unknown]})

    assert problem(response, 404, "pool-not-found") == {"pool_ids": unknown}
    assert [kept] == await pools.pools_of(machine)


async def test_another_organizations_machine_is_as_one_that_is_not(pools: PoolsApi, others: PoolsApi) -> None:
    theirs = await others.register()
    for machine in (theirs, a_uuid()):
        for method, body in (("GET", None), ("PUT", {"pool_ids": []})):
            response = await pools.call(method, f"/v1/machines/{machine}/pools", body)

            assert problem(response, 404, "machine-not-found") == {"machine_id": machine}


async def test_what_is_no_uuid_is_a_fault_of_the_path(pools: PoolsApi) -> None:
    message = "Input should be a valid UUID, invalid length: found 1"
    for method, body in (("GET", None), ("PUT", {"pool_ids": []})):
        response = await pools.call(method, "/v1/machines/7/pools", body)

        invalid(response, (("path", "machine_id"), message, "uuid_parsing"))


async def test_a_machine_of_another_version_keeps_its_pools(pools: PoolsApi) -> None:
    machine, pool_id = await pools.register(), (await pools.create())["id"]
    path, body = f"/v1/machines/{machine}/pools", {"pool_ids": [pool_id]}

    stale = await pools.call("PUT", path, body, {"If-Match": '"2"'})
    known = await pools.call("PUT", path, body, {"If-Match": '"1"'})

    problem(stale, 412, "precondition-failed")
    assert (known.status_code, known.headers["etag"]) == (200, '"2"')


async def test_concurrent_replacements_leave_the_pools_of_one_of_them(pools: PoolsApi) -> None:
    machine = await pools.register()
    sets = [[(await pools.create())["id"] for _ in range(2)] for _ in range(6)]

    responses = await asyncio.gather(
        *(pools.call("PUT", f"/v1/machines/{machine}/pools", {"pool_ids": pool_ids}) for pool_ids in sets)
    )

    assert [response.status_code for response in responses] == [200] * 6
    assert await pools.pools_of(machine) in sets
    assert sorted(f'"{version}"' for version in range(2, 8)) == sorted(
        response.headers["etag"] for response in responses
    )


async def test_machines_of_too_many_pools_are_not_shown_with_them(pools: PoolsApi) -> None:
    """To read them would take longer than a request may, and with more, be one call of more than 10 MiB."""
    machines = await pools.register_several(11)
    for machine in machines:
        pools.put([machine], [a_uuid() for _ in range(91)])

    fewer = await pools.call("GET", "/v1/machines?include=pools&limit=10")
    rejected = await pools.call("GET", "/v1/machines?include=pools")

    assert (fewer.status_code, len(fewer.json()["items"])) == (200, 10)
    message = "These machines are in more than 1000 pools: ask for fewer machines"
    invalid(rejected, (("query", "include"), message, "too_many"))


async def test_pools_that_are_too_large_to_be_shown_with_each_machine_are_not(pools: PoolsApi) -> None:
    large = [(await pools.create(name="a", description="b" * 80_000))["id"] for _ in range(60)]
    machines = await pools.register_several(2)
    for machine in machines:
        set_to = await pools.call("PUT", f"/v1/machines/{machine}/pools", {"pool_ids": large})
        assert set_to.status_code == 200

    fewer = await pools.call("GET", "/v1/machines?include=pools&limit=1")
    assert (fewer.status_code, len(fewer.json()["items"][0]["pools"])) == (200, 60)
    message = "The pools of these machines are too large to be shown with each: ask for fewer machines"
    rejected = await pools.call("GET", "/v1/machines?include=pools")
    invalid(rejected, (("query", "include"), message, "too_large"))
