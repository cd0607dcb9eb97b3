"""Assign machines to pools, and remove them."""

import asyncio

import pytest

from tests.functions.machines.expectations import common_headers
from tests.functions.pools.api import PoolsApi, a_uuid
from tests.functions.pools.expectations import (
    MACHINE_FIELDS,
    POOL_FIELDS,
    invalid,
    no_such_pool,
    pool,
    problem,
)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_machines_that_are_too_large_for_one_commit_take_several_requests(
    pools: PoolsApi, method: str
) -> None:
    """A commit can change documents of some 10 MiB in total, even if it sends only a part of each."""
    created = (await pools.create())["id"]
    machines = await pools.fill([created] if method == "DELETE" else [], 12)
    for machine in machines:
        pools.machines().document(machine).update({"of_a_newer_release": bytes(900_000)})
    path = f"/v1/pools/{created}/machines"

    rejected = await pools.call(method, path, {"machine_ids": machines})

    message = "The machines are too large for one request: use several"
    invalid(rejected, (("body", "machine_ids"), message, "too_large"))
    for half in machines[:6], machines[6:]:
        assert (await pools.call(method, path, {"machine_ids": half})).status_code in {200, 204}


class TestAdd:
    async def test_the_response_is_the_pool_with_its_machines(self, pools: PoolsApi) -> None:
        created = await pools.create()
        machines = await pools.register_several(3)

        response = await pools.call("POST", f"/v1/pools/{created['id']}/machines", {"machine_ids": machines})

        shown = pool(response)
        assert shown.keys() == POOL_FIELDS | {"machines"}
        assert machines == [machine["id"] for machine in shown["machines"]]
        assert all(machine.keys() >= MACHINE_FIELDS for machine in shown["machines"])
        assert shown == created | {"machine_count": 3, "machines": shown["machines"]}
        assert response.headers["etag"] == '"1"'
        assert "link" not in response.headers

    async def test_machines_are_shown_as_the_assignment_left_them(self, pools: PoolsApi) -> None:
        created = await pools.create()
        machine = await pools.register()

        [shown] = (await pools.add(created["id"], [machine]))["machines"]

        response = await pools.call("GET", f"/api/v1/machines/{machine}")
        assert response.headers["etag"] == '"2"'
        assert shown["updated_at"] == response.json()["updated_at"] > shown["created_at"]

    async def test_other_members_come_after_those_of_the_request(self, pools: PoolsApi) -> None:
        created = await pools.create()
        machines = await pools.register_several(4)
        await pools.add(created["id"], machines[:2])

        shown = await pools.add(created["id"], machines[3:])

        assert [machines[3], *machines[:2]] == [machine["id"] for machine in shown["machines"]]
        assert shown["machine_count"] == 3

    async def test_members_stay_members_of_all_their_pools(self, pools: PoolsApi) -> None:
        first, second = (await pools.create())["id"], (await pools.create())["id"]
        machine = await pools.register()

        await pools.add(first, [machine])
        await pools.add(second, [machine])
        again = await pools.add(first, [machine])

        assert [first, second] == await pools.pools_of(machine)
        assert ([machine], 1) == ([shown["id"] for shown in again["machines"]], again["machine_count"])
        assert pools.stored(machine)["version"] == 3

    async def test_to_name_a_machine_twice_says_nothing_more(self, pools: PoolsApi) -> None:
        created = await pools.create()
        machine = await pools.register()

        shown = await pools.add(created["id"], [machine, machine.upper(), f"{{{machine}}}"])

        assert [machine] == [shown["id"] for shown in shown["machines"]]
        assert shown["machine_count"] == 1

    async def test_100_machines_can_be_added_at_once(self, pools: PoolsApi) -> None:
        created = await pools.create()
        machines = await pools.fill([], 100)

        response = await pools.call("POST", f"/v1/pools/{created['id']}/machines", {"machine_ids": machines})

        shown = pool(response)
        assert machines == [machine["id"] for machine in shown["machines"]]
        assert shown["machine_count"] == 100
        assert "link" not in response.headers

    @pytest.mark.parametrize("newest", [0, 59, 99])
    async def test_what_is_not_shown_is_where_the_link_leads(self, pools: PoolsApi, newest: int) -> None:
        """The response contains all members that the linked list skips."""
        created = await pools.create()
        others = await pools.fill([created["id"]], 105)
        named = [*(await pools.fill([], newest)), others[-1]]
        members = [*named[:-1], *others]

        response = await pools.call("POST", f"/v1/pools/{created['id']}/machines", {"machine_ids": named})

        shown = pool(response)
        ids = [machine["id"] for machine in shown["machines"]]
        assert (100, len(members)) == (len(ids), shown["machine_count"])
        assert named == ids[: len(named)]
        rest = f"/v1/machines?pool_id={created['id']}&skip=99&limit=100"
        assert f'<{rest}>; rel="next"' == response.headers["link"]
        page = (await pools.call("GET", rest)).json()
        assert members[99:199] == [machine["id"] for machine in page["items"]]
        assert set(members[:99]) <= set(ids)

    async def test_unknown_machines_are_all_named_and_nothing_changes(
        self, pools: PoolsApi, others: PoolsApi
    ) -> None:
        created = await pools.create()
        known = await pools.register()
        unknown = [a_uuid(), await others.register(), a_uuid()]

        response = await pools.call(
            "POST", f"/v1/pools/{created['id']}/machines", {"machine_ids": [unknown[0], known, *unknown[1:]]}
        )

        assert problem(response, 404, "machine-not-found") == {"machine_ids": unknown}
        assert await pools.get(created["id"]) == created
        assert pools.stored(known)["version"] == 1

    async def test_a_deleted_pool_takes_nobody(self, pools: PoolsApi) -> None:
        created = await pools.create()
        machine = await pools.register()
        await pools.delete(created["id"])

        response = await pools.call("POST", f"/v1/pools/{created['id']}/machines", {"machine_ids": [machine]})

        no_such_pool(response, created["id"])
        assert pools.stored(machine)["version"] == 1

    async def test_concurrent_assignments_of_one_machine_all_take_effect(self, pools: PoolsApi) -> None:
        machine = await pools.register()
        created = [(await pools.create())["id"] for _ in range(8)]

        await asyncio.gather(*(pools.add(pool_id, [machine]) for pool_id in created))

        assert sorted(created) == sorted(await pools.pools_of(machine))
        assert pools.stored(machine)["version"] == 9


REMOVALS = [("DELETE", ""), ("POST", "/remove")]


@pytest.mark.parametrize(("method", "path"), REMOVALS)
class TestRemove:
    async def test_machines_are_members_no_more(self, pools: PoolsApi, method: str, path: str) -> None:
        created = await pools.create()
        machines = await pools.register_several(3)
        await pools.add(created["id"], machines)

        response = await pools.call(
            method, f"/v1/pools/{created['id']}/machines{path}", {"machine_ids": machines[:2]}
        )

        assert (response.status_code, response.content) == (204, b"")
        common_headers(response)
        shown = await pools.get(created["id"], "?include_machines=true")
        assert ([machines[2]], 1) == ([one["id"] for one in shown["machines"]], shown["machine_count"])
        assert [pools.stored(machine)["version"] for machine in machines] == [3, 3, 2]

    async def test_those_that_are_no_members_are_passed_over(
        self, pools: PoolsApi, others: PoolsApi, method: str, path: str
    ) -> None:
        created = await pools.create()
        member, free = await pools.register_several(2)
        theirs = await others.register()
        await pools.add(created["id"], [member])

        response = await pools.call(
            method,
            f"/v1/pools/{created['id']}/machines{path}",
            {"machine_ids": [a_uuid(), free, theirs, member, member]},
        )

        assert response.status_code == 204
        assert await pools.pools_of(member) == []
        assert [pools.stored(free)["version"], others.stored(theirs)["version"]] == [1, 1]

    async def test_other_pools_keep_them(self, pools: PoolsApi, method: str, path: str) -> None:
        left, kept = (await pools.create())["id"], (await pools.create())["id"]
        machine = await pools.register()
        await pools.add(left, [machine])
        await pools.add(kept, [machine])

        response = await pools.call(method, f"/v1/pools/{left}/machines{path}", {"machine_ids": [machine]})

        assert response.status_code == 204
        assert [kept] == await pools.pools_of(machine)


async def test_an_assignment_and_a_deletion_of_the_pool_come_one_after_the_other(pools: PoolsApi) -> None:
    """The deletion includes new members, or they are rejected: no machine stays in a deleted pool."""
    for _ in range(8):
        created = await pools.create()
        machines = await pools.register_several(4)
        path = f"/v1/pools/{created['id']}"

        *added, deleted = await asyncio.gather(
            *(pools.call("POST", f"{path}/machines", {"machine_ids": [machine]}) for machine in machines),
            pools.call("DELETE", path),
        )

        assert deleted.status_code == 204
        for machine, response in zip(machines, added, strict=True):
            assert response.status_code in {200, 404}
            # Rejected machines have never joined. The others leave in the cleanup, after the response.
            assert (pools.stored(machine)["version"] == 2) is (response.status_code == 200)
            assert await pools.pools_of(machine) == []
