"""A machine in the maximum number of pools, each as large as possible."""

import asyncio
from collections.abc import Sequence

import httpx
import pytest
from google.cloud.firestore import Client

from tests.functions.pools.api import PoolsApi
from tests.functions.pools.expectations import invalid
from tests.stack import NewOrganization

MOST = 100
LARGEST = {"description": "x" * 15_500, "pool_parameters": {"a": "x" * 65_500}}


@pytest.fixture(scope="module")
async def pools(
    http: httpx.AsyncClient, new_organization: NewOrganization, firestore_client: Client
) -> PoolsApi:
    """The API for an organization that these tests share because of its pools."""
    return PoolsApi(http=http, organization=new_organization(), store=firestore_client)


@pytest.fixture(scope="module")
async def largest(pools: PoolsApi) -> Sequence[str]:
    """Create the largest possible pools, and more than a machine can be in."""
    created = await asyncio.gather(*(pools.create(**LARGEST) for _ in range(MOST + 20)))
    return [pool["id"] for pool in created]


async def test_a_machine_that_is_in_the_most_pools_joins_no_other(
    pools: PoolsApi, largest: Sequence[str]
) -> None:
    full, free = await pools.register_several(2)
    held, other = largest[:MOST], (await pools.create())["id"]
    path = f"/v1/machines/{full}/pools"
    assert (await pools.call("PUT", path, {"pool_ids": held})).status_code == 200

    rejected = await pools.call("POST", f"/v1/pools/{other}/machines", {"machine_ids": [free, free, full]})
    await pools.add(held[0], [free, full])
    await pools.remove(held[1], [full])
    added = await pools.add(other, [full])

    location = ("body", "machine_ids", 2)
    invalid(rejected, (location, "The machine is in 100 pools, which is the maximum", "too_many_pools"))
    assert (added["machine_count"], [full]) == (1, [shown["id"] for shown in added["machines"]])


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "a"}], ids=["no key", "key"])
async def test_a_machine_in_the_most_and_largest_pools_can_be_deleted(
    pools: PoolsApi, largest: Sequence[str], headers: dict[str, str]
) -> None:
    """The commit contains an event for each of its pools."""
    machine = await pools.register()
    held = largest[:MOST]
    path = f"/v1/machines/{machine}/pools"
    joined = await pools.call("PUT", path, {"pool_ids": held}, headers)

    deleted = await pools.call(
        "DELETE", f"/v1/machines/{machine}", None, headers | {"Idempotency-Key": machine}
    )

    assert (joined.status_code, deleted.status_code) == (200, 204), (joined.text, deleted.text)


async def test_more_large_pools_than_one_commit_holds_are_exchanged_in_several_steps(
    pools: PoolsApi, largest: Sequence[str]
) -> None:
    machine = await pools.register()
    held, wanted = largest[:60], largest[60:]
    path = f"/v1/machines/{machine}/pools"
    await pools.call("PUT", path, {"pool_ids": held})

    rejected = await pools.call("PUT", path, {"pool_ids": wanted})
    steps = [await pools.call("PUT", path, {"pool_ids": pool_ids}) for pool_ids in ([], wanted)]

    message = "The pools that the machine joins and leaves are too large for one request: use several"
    invalid(rejected, (("body", "pool_ids"), message, "too_large"))
    assert [step.status_code for step in steps] == [200, 200]
    assert wanted == await pools.pools_of(machine)


async def test_the_commit_has_room_for_a_large_machine_and_its_recorded_response(
    pools: PoolsApi, largest: Sequence[str]
) -> None:
    """Without the limit for events, Firestore would reject the commit, and the response would be a 500."""
    machine = await pools.register()
    large = {"machine_parameters": f'{{"a": "{"x" * 450_000}"}}', "of_a_newer_release": bytes(480_000)}
    pools.machines().document(machine).update(large)
    path = f"/v1/machines/{machine}/pools"
    await pools.call("PUT", path, {"pool_ids": largest[:57]})

    rejected = await pools.call("PUT", path, {"pool_ids": largest[57:113]}, {"Idempotency-Key": machine})

    assert rejected.status_code == 422, rejected.text
