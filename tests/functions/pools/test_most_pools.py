"""A machine that is in as many pools as it can be, each of them as large as it can be."""

import asyncio

import pytest

from tests.functions.pools.api import PoolsApi
from tests.functions.pools.expectations import invalid

MOST = 100
LARGEST = {"description": "x" * 15_500, "pool_parameters": {"a": "x" * 65_500}}


async def several(pools: PoolsApi, count: int, **content: object) -> list[str]:
    """Create pools and return their ids."""
    created = await asyncio.gather(*(pools.create(**content) for _ in range(count)))
    return [pool["id"] for pool in created]


async def test_a_machine_that_is_in_the_most_pools_joins_no_other(pools: PoolsApi) -> None:
    full, free = await pools.register_several(2)
    *held, other = await several(pools, MOST + 1)
    path = f"/v1/machines/{full}/pools"
    assert (await pools.call("PUT", path, {"pool_ids": held})).status_code == 200

    refused = await pools.call("POST", f"/v1/pools/{other}/machines", {"machine_ids": [free, free, full]})
    await pools.add(held[0], [free, full])
    await pools.remove(held[1], [full])
    added = await pools.add(other, [full])

    place = ("body", "machine_ids", 2)
    invalid(refused, (place, "The machine is in 100 pools, which is the most", "too_many_pools"))
    assert (added["machine_count"], [full]) == (1, [shown["id"] for shown in added["machines"]])


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "a"}], ids=["no key", "key"])
async def test_a_machine_in_the_most_and_largest_pools_can_be_deleted(
    pools: PoolsApi, headers: dict[str, str]
) -> None:
    """Each of its pools has an event in the one commit."""
    machine = await pools.register()
    held = await several(pools, MOST, **LARGEST)
    path = f"/v1/machines/{machine}/pools"
    joined = await pools.call("PUT", path, {"pool_ids": held}, headers)

    deleted = await pools.call("DELETE", f"/v1/machines/{machine}", None, headers | {"Idempotency-Key": "b"})

    assert (joined.status_code, deleted.status_code) == (200, 204), (joined.text, deleted.text)


async def test_more_large_pools_than_one_commit_holds_are_exchanged_in_several_steps(pools: PoolsApi) -> None:
    machine = await pools.register()
    held, wanted = await several(pools, 60, **LARGEST), await several(pools, 60, **LARGEST)
    path = f"/v1/machines/{machine}/pools"
    await pools.call("PUT", path, {"pool_ids": held})

    refused = await pools.call("PUT", path, {"pool_ids": wanted})
    steps = [await pools.call("PUT", path, {"pool_ids": pool_ids}) for pool_ids in ([], wanted)]

    message = "The pools that the machine joins and leaves are too large for one request: take several"
    invalid(refused, (("body", "pool_ids"), message, "too_large"))
    assert [step.status_code for step in steps] == [200, 200]
    assert wanted == await pools.pools_of(machine)
