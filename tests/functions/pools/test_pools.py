"""Pools themselves: create, get, list, update, delete."""

import asyncio
from datetime import datetime

import pytest

from tests.control import UNTIL_RELEASED, Control
from tests.functions.pools.api import WRITES, Json, PoolsApi, a_uuid
from tests.functions.pools.expectations import (
    MACHINE_FIELDS,
    POOL_FIELDS,
    POOL_TOO_LARGE,
    a_pool,
    invalid,
    no_such_pool,
    pool,
)

PARAMETERS = {"site": "north", "retries": 3, "ratio": 0.5, "nested": {"list": [[1], []], "none": None}}


class TestCreate:
    async def test_a_pool_needs_a_name_alone(self, pools: PoolsApi) -> None:
        response = await pools.call("POST", "/v1/pools", {"name": "north"})

        created = pool(response, 201)
        assert created.keys() == POOL_FIELDS
        assert response.headers["location"] == f"/v1/pools/{created['id']}"
        assert response.headers["etag"] == '"1"'
        assert (created["name"], created["organization_id"]) == ("north", pools.organization.id)
        assert (created["description"], created["pool_parameters"]) == (None, None)
        assert created["machine_count"] == 0
        assert created == await pools.get(created["id"])

    async def test_every_field_is_kept_as_it_is_sent(self, pools: PoolsApi) -> None:
        body = {"name": "\N{DESKTOP COMPUTER}" * 255, "description": "", "pool_parameters": PARAMETERS}

        created = await pools.create(**body)

        assert body == {name: created[name] for name in body}
        assert created == await pools.get(created["id"])

    async def test_no_parameters_at_all_are_kept_too(self, pools: PoolsApi) -> None:
        created = await pools.create(pool_parameters={})

        assert created["pool_parameters"] == {}
        assert created == await pools.get(created["id"])

    async def test_nulls_say_what_absence_says(self, pools: PoolsApi) -> None:
        nulls = {"description": None, "pool_parameters": None, "pool_sensitive_parameters": None}

        created = await pools.create(**nulls)

        assert nulls == {name: created[name] for name in nulls}

    async def test_two_pools_may_have_one_name(self, pools: PoolsApi) -> None:
        first, second = await pools.create(name="north"), await pools.create(name="north")

        assert first["id"] != second["id"]


class TestGet:
    async def test_no_machines_are_shown_unless_requested(self, pools: PoolsApi) -> None:
        created = await pools.create()
        await pools.add(created["id"], await pools.register_several(2))

        for query in ("", "?include_machines=false"):
            assert await pools.get(created["id"], query) == created | {"machine_count": 2}

    async def test_machines_are_shown_newest_first(self, pools: PoolsApi) -> None:
        created = await pools.create()
        members = await pools.register_several(3)
        await pools.register()
        await pools.add(created["id"], members)

        shown = await pools.get(created["id"], "?include_machines=true")

        assert "included" not in shown
        assert members == [machine["id"] for machine in shown.pop("machines")]
        assert shown == created | {"machine_count": 3}

    async def test_included_machines_say_what_they_are(self, pools: PoolsApi) -> None:
        created = await pools.create()
        members = await pools.register_several(2)
        await pools.add(created["id"], members)

        shown = await pools.get(created["id"], "?include=machines")

        assert "machines" not in shown
        assert [("machine", member) for member in members] == [
            (machine["type"], machine["id"]) for machine in shown["included"]
        ]
        assert all(machine.keys() >= MACHINE_FIELDS for machine in shown["included"])

    async def test_both_ways_of_asking_go_together(self, pools: PoolsApi) -> None:
        created = await pools.create()
        member = await pools.register()
        await pools.add(created["id"], [member])

        shown = await pools.get(created["id"], "?include=machines&include_machines=true")

        assert [member] == [machine["id"] for machine in shown["machines"]]
        assert [{"type": "machine"} | machine for machine in shown["machines"]] == shown["included"]

    async def test_an_empty_pool_includes_no_machines(self, pools: PoolsApi) -> None:
        created = await pools.create()

        shown = await pools.get(created["id"], "?include=machines&include_machines=1")

        assert (shown["machines"], shown["included"]) == ([], [])

    async def test_a_large_pool_shows_100_machines_and_leads_to_the_rest(self, pools: PoolsApi) -> None:
        created = await pools.create()
        await pools.fill([created["id"]], 105)

        response = await pools.call("GET", f"/v1/pools/{created['id']}?include=machines")

        shown = pool(response)
        assert (len(shown["included"]), shown["machine_count"]) == (100, 105)
        rest = f'</v1/machines?pool_id={created["id"]}&skip=100&limit=100>; rel="next"'
        assert rest == response.headers["link"]


class TestList:
    async def test_an_organization_starts_without_pools(self, pools: PoolsApi) -> None:
        response = await pools.call("GET", "/v1/pools")

        assert response.status_code == 200
        assert response.json() == {"items": [], "total": 0, "skip": 0, "limit": 100}

    async def test_pools_are_listed_newest_first_with_their_counts(
        self, pools: PoolsApi, others: PoolsApi
    ) -> None:
        created = [await pools.create(name=f"pool {number}") for number in range(4)]
        await others.create()
        await pools.add(created[1]["id"], await pools.register_several(2))

        page = (await pools.call("GET", "/v1/pools")).json()

        created[1]["machine_count"] = 2
        assert {"items": created[::-1], "total": 4, "skip": 0, "limit": 100} == page

    @pytest.mark.parametrize(
        ("query", "skip", "limit", "expected"),
        [
            ("?limit=2", 0, 2, [4, 3]),
            ("?skip=2&limit=2", 2, 2, [2, 1]),
            ("?skip=4", 4, 100, [0]),
            ("?skip=5&limit=1000", 5, 1000, []),
            ("?skip=2147483647&limit=1", 2**31 - 1, 1, []),
        ],
    )
    async def test_a_page_is_what_it_says(
        self, pools: PoolsApi, query: str, skip: int, limit: int, expected: list[int]
    ) -> None:
        created = [await pools.create() for _ in range(5)]

        page = (await pools.call("GET", f"/v1/pools{query}")).json()

        items = [created[number] for number in expected]
        assert {"items": items, "total": 5, "skip": skip, "limit": limit} == page

    async def test_a_machine_of_two_pools_is_included_once(self, pools: PoolsApi) -> None:
        first, second, _ = [(await pools.create())["id"] for _ in range(3)]
        machines = await pools.register_several(3)
        await pools.add(first, machines[:2])
        await pools.add(second, machines[1:])

        page = (await pools.call("GET", "/v1/pools?include=machines")).json()

        assert sorted(machines) == sorted(machine["id"] for machine in page["included"])
        assert all(machine["type"] == "machine" for machine in page["included"])
        assert all(machine.keys() >= MACHINE_FIELDS for machine in page["included"])
        for shown in page["items"]:
            a_pool(shown)

    async def test_no_machines_are_included_where_there_are_none(self, pools: PoolsApi) -> None:
        await pools.create()

        page = (await pools.call("GET", "/v1/pools?include=machines")).json()

        assert page["included"] == []


class TestUpdate:
    @pytest.mark.parametrize(
        "change",
        [
            {"name": "b"},
            {"description": "other"},
            {"description": None},
            {"description": ""},
            {"pool_parameters": {"other": 1}},
            {"pool_parameters": None},
            {"name": "b", "description": None, "pool_parameters": {"x": []}},
        ],
        ids=str,
    )
    async def test_what_is_sent_changes_and_the_rest_stays(self, pools: PoolsApi, change: Json) -> None:
        before = await pools.create(name="a", description="some", pool_parameters=PARAMETERS)

        response = await pools.call("PATCH", f"/v1/pools/{before['id']}", change)

        after = pool(response)
        assert response.headers["etag"] == '"2"'
        assert datetime.fromisoformat(after["updated_at"]) > datetime.fromisoformat(before["updated_at"])
        assert after == before | change | {"updated_at": after["updated_at"]}
        assert after == await pools.get(before["id"])

    async def test_an_empty_object_clears_parameters(self, pools: PoolsApi) -> None:
        created = await pools.create(pool_parameters=PARAMETERS)

        assert (await pools.update(created["id"], {"pool_parameters": {}}))["pool_parameters"] is None

    @pytest.mark.parametrize(
        "same",
        [
            {},
            {"name": "a"},
            {"description": None, "pool_sensitive_parameters": None},
            {"pool_parameters": {"b": {"d": 3, "c": 2}, "a": 1}},
        ],
        ids=str,
    )
    async def test_what_changes_nothing_makes_no_version(self, pools: PoolsApi, same: Json) -> None:
        before = await pools.create(name="a", pool_parameters={"a": 1, "b": {"c": 2, "d": 3}})

        response = await pools.call("PATCH", f"/v1/pools/{before['id']}", same)

        assert before == pool(response)
        assert response.headers["etag"] == '"1"'

    async def test_members_stay(self, pools: PoolsApi) -> None:
        created = await pools.create()
        await pools.add(created["id"], [await pools.register()])

        assert (await pools.update(created["id"], {"name": "b"}))["machine_count"] == 1

    async def test_concurrent_updates_of_different_fields_all_take_effect(self, pools: PoolsApi) -> None:
        created = await pools.create()
        changes: list[Json] = [{"name": "b"}, {"description": "d"}, {"pool_parameters": PARAMETERS}]

        await asyncio.gather(*(pools.update(created["id"], change) for change in changes))

        response = await pools.call("GET", f"/v1/pools/{created['id']}")
        shown = pool(response)
        assert response.headers["etag"] == '"4"'
        for change in changes:
            assert change == {name: shown[name] for name in change}


class TestDelete:
    async def test_a_deleted_pool_is_gone_at_once(self, pools: PoolsApi) -> None:
        created, kept = await pools.create(), await pools.create()

        response = await pools.call("DELETE", f"/v1/pools/{created['id']}")

        assert (response.status_code, response.content) == (204, b"")
        no_such_pool(await pools.call("GET", f"/v1/pools/{created['id']}"), created["id"])
        page = (await pools.call("GET", "/v1/pools")).json()
        assert ([kept], 1) == (page["items"], page["total"])

    async def test_its_machines_stay_and_are_in_their_other_pools(self, pools: PoolsApi) -> None:
        deleted, kept = (await pools.create())["id"], (await pools.create())["id"]
        machine = await pools.register()
        await pools.add(deleted, [machine])
        await pools.add(kept, [machine])

        await pools.delete(deleted)

        assert [kept] == await pools.pools_of(machine)

    async def test_deleting_twice_is_a_404(self, pools: PoolsApi) -> None:
        created = await pools.create()
        await pools.delete(created["id"])

        no_such_pool(await pools.call("DELETE", f"/v1/pools/{created['id']}"), created["id"])


CALLS = [("GET", "", None), ("GET", "?include=machines", None), *WRITES]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_another_organizations_pool_is_as_one_that_is_not(
    *, pools: PoolsApi, others: PoolsApi, method: str, path: str, body: object
) -> None:
    theirs = (await others.create())["id"]
    nobodys = a_uuid()

    responses = [
        await pools.call(method, f"/v1/pools/{pool_id}{path}", body) for pool_id in (theirs, nobodys)
    ]

    no_such_pool(responses[0], theirs)
    assert responses[0].content == responses[1].content.replace(nobodys.encode(), theirs.encode())
    assert (await others.get(theirs))["name"] == "a pool"


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_what_is_no_uuid_is_a_fault_of_the_path(
    *, pools: PoolsApi, method: str, path: str, body: object
) -> None:
    response = await pools.call(method, f"/v1/pools/7{path}", body)

    message = "Input should be a valid UUID, invalid length: found 1"
    invalid(response, (("path", "pool_id"), message, "uuid_parsing"))


async def test_a_pool_does_not_grow_too_large_in_two_steps(pools: PoolsApi) -> None:
    created = await pools.create(description="x" * 60_000)
    path, body = f"/v1/pools/{created['id']}", {"pool_parameters": {"a": "x" * 60_000}}

    rejected = await pools.call("PATCH", path, body)

    invalid(rejected, (("body", "pool_parameters"), POOL_TOO_LARGE, "too_large"))
    assert created == await pools.get(created["id"])


async def test_a_pages_pools_are_counted_side_by_side(pools: PoolsApi, firestore_control: Control) -> None:
    """A page of 1,000 with their machines is in time even if each call takes 100 ms."""
    for _ in range(64):
        await pools.create()
    held = {"pattern": f"{pools.organization.id}/machines", "count": 64, "delay_ms": UNTIL_RELEASED}
    await firestore_control.fail_next("RunAggregationQuery", **held)

    listing = asyncio.create_task(pools.call("GET", "/v1/pools"))
    async with asyncio.timeout(20):
        await firestore_control.struck()
    await firestore_control.release()

    assert (await listing).status_code == 200
