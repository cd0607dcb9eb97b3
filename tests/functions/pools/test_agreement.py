"""The count and the machines in a response agree, whatever changes between the two reads."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.control import Control
from tests.functions.pools.api import PoolsApi

KEY = {"Idempotency-Key": "a"}

Json = dict[str, Any]
Figures = Callable[[Json], tuple[int, int]]

# For each, a path, the RPC that is delayed, and the figures: the count, and the number of machines shown.
RESPONSES: dict[str, tuple[str, str, Figures]] = {
    "a pool": (
        "/v1/pools/{pool}?include_machines=true",
        "RunAggregationQuery",
        lambda shown: (shown["machine_count"], len(shown["machines"])),
    ),
    "a pool that is read late": (
        "/v1/pools/{pool}?include_machines=true",
        "RunQuery",
        lambda shown: (shown["machine_count"], len(shown["machines"])),
    ),
    "pools": (
        "/v1/pools?include=machines",
        "RunQuery",
        lambda shown: (shown["items"][0]["machine_count"], len(shown["included"])),
    ),
    "machines": (
        "/v1/machines?pool_id={pool}",
        "RunAggregationQuery",
        lambda shown: (shown["total"], len(shown["items"])),
    ),
    "a page of machines": (
        "/api/v1/machines",
        "RunAggregationQuery",
        lambda shown: (shown["pagination"]["total"], len(shown["machines"])),
    ),
}


@pytest.mark.parametrize("response", RESPONSES)
async def test_what_is_counted_agrees_with_what_is_shown(
    pools: PoolsApi, firestore_control: Control, response: str
) -> None:
    path, late, figures = RESPONSES[response]
    pool_id = (await pools.create())["id"]
    members = await pools.register_several(3)
    await pools.add(pool_id, members)
    mine = f"{pools.organization.id}/machines"
    async with firestore_control.holding(late, pattern=mine):
        reading = asyncio.create_task(pools.call("GET", path.format(pool=pool_id)))
        await firestore_control.are_held()
        assert (await pools.call("DELETE", f"/v1/machines/{members[0]}")).status_code == 204

    counted, shown = figures((await reading).json())
    assert counted == shown
    assert shown == (2 if late == "RunQuery" else 3)


@pytest.mark.parametrize("is_replayed", [False, True])
async def test_machines_that_leave_at_once_count_as_they_are_shown(
    pools: PoolsApi, firestore_control: Control, *, is_replayed: bool
) -> None:
    pool_id = (await pools.create())["id"]
    members = await pools.register_several(3)
    path, body = f"/v1/pools/{pool_id}/machines", {"machine_ids": members}
    if is_replayed:
        await pools.call("POST", path, body, KEY)
    mine = f"{pools.organization.id}/machines"
    async with firestore_control.holding("RunAggregationQuery", "RunQuery", pattern=mine):
        adding = asyncio.create_task(pools.call("POST", path, body, KEY))
        await firestore_control.are_held()
        pools.put(members[:2], [])

    added = (await adding).json()
    assert is_replayed == ("idempotent-replayed" in adding.result().headers)
    assert (added["machine_count"], len(added["machines"])) == (3, 3)


async def test_links_lead_through_a_list(pools: PoolsApi) -> None:
    pool_id = (await pools.create())["id"]
    members = await pools.register_several(5)
    await pools.add(pool_id, members)

    url, found = f"/v1/machines?pool_id={pool_id}&limit=2", []
    while url:
        response = await pools.call("GET", url)
        found += [machine["id"] for machine in response.json()["items"]]
        url = response.headers.get("link", "<>").partition("<")[2].partition(">")[0]

    assert found == sorted(members, reverse=True)
    assert "link" not in (await pools.call("GET", "/v1/pools")).headers
    await pools.create()
    assert (await pools.call("GET", "/v1/pools?limit=1")).headers["link"] == (
        '</v1/pools?limit=1&skip=1>; rel="next"'
    )


@pytest.mark.parametrize("is_new", [True, False])
async def test_the_response_to_an_assignment_is_true_of_one_time(
    pools: PoolsApi, firestore_control: Control, *, is_new: bool
) -> None:
    """The time of its commit, or of its read if there is no commit."""
    pool_id = (await pools.create())["id"]
    others = await pools.fill([pool_id], 100)  # more than the response shows, so that it needs the count
    joins, *late = await pools.register_several(3)
    if not is_new:
        await pools.add(pool_id, [joins])
    mine = f"{pools.organization.id}/machines"
    async with firestore_control.holding("RunQuery", "RunAggregationQuery", pattern=mine):
        adding = asyncio.create_task(pools.add(pool_id, [joins]))
        await firestore_control.are_held()
        pools.put([joins], [])
        pools.put(late, [pool_id])

    added = await adding
    assert added["machine_count"] == 101
    assert [machine["id"] for machine in added["machines"]] == [joins, *others[:99]]
    assert (await pools.get(pool_id))["machine_count"] == 102


async def test_the_response_to_a_change_of_a_pool_counts_the_members_as_of_its_commit(
    pools: PoolsApi, firestore_control: Control
) -> None:
    pool_id = (await pools.create())["id"]
    member, late = await pools.register_several(2)
    await pools.add(pool_id, [member])
    mine = f"{pools.organization.id}/machines"
    async with firestore_control.holding("RunAggregationQuery", pattern=mine):
        updating = asyncio.create_task(pools.update(pool_id, {"name": "b"}))
        await firestore_control.are_held()
        pools.put([late], [pool_id])

    assert (await updating)["machine_count"] == 1
    assert (await pools.get(pool_id))["machine_count"] == 2
