"""If Firestore fails during a change of a pool, the change is applied once or not at all."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from shared.domain.deadline import REQUEST_SECONDS
from tests.control import UNTIL_RELEASED, Control
from tests.functions.pools.api import Headers, PoolsApi
from tests.functions.pools.expectations import problem
from tests.functions.pools.inbox import Inbox

KEY = {"Idempotency-Key": "a"}
CUT: dict[str, dict[str, Any]] = {
    "not applied": {"code": "UNAVAILABLE", "when": "before"},
    "applied": {"code": "DEADLINE_EXCEEDED", "when": "after"},
    "applied, and the next call fails too": {"disconnect": True, "when": "after", "count": 2},
}


@pytest.fixture(autouse=True)
async def all_faults_strike(firestore_control: Control) -> AsyncIterator[None]:
    """Fail the test if a fault was not injected, and remove it for the next test."""
    yield
    assert await firestore_control.forget() == []


@dataclass(frozen=True)
class Scene:
    """A pool with a member, and a machine that is not in it."""

    pools: PoolsApi
    pool_id: str
    member: str
    free: str

    async def state(self) -> tuple[int, list[str], list[str]]:
        """Return the number of pools, and the pools of both machines."""
        total = (await self.pools.call("GET", "/v1/pools")).json()["total"]
        return total, await self.pools.pools_of(self.member), await self.pools.pools_of(self.free)


@pytest.fixture
async def scene(pools: PoolsApi) -> Scene:
    """Create the scene."""
    pool_id, member, free = (await pools.create())["id"], await pools.register(), await pools.register()
    await pools.add(pool_id, [member])
    return Scene(pools, pool_id, member, free)


READS = [
    ("/v1/pools/{pool}", "GetDocument"),
    ("/v1/machines/{member}", "GetDocument"),
    ("/v1/machines", "RunQuery"),
    ("/v1/pools", "RunAggregationQuery"),
]

Act = Callable[[Scene, Headers], Awaitable[httpx.Response]]
Outcome = Callable[[Scene], tuple[int, list[str], list[str]]]


def act(method: str, path: str, body: Callable[[Scene], object]) -> Act:
    """Return a function that makes a call for the scene's pool or machines."""

    def call(scene: Scene, headers: Headers) -> Awaitable[httpx.Response]:
        url = path.format(pool=scene.pool_id, member=scene.member)
        return scene.pools.call(method, url, body(scene), headers)

    return call


CHANGES: dict[str, tuple[Act, int, Outcome, str]] = {
    "create": (
        act("POST", "/v1/pools", lambda _: {"name": "b"}),
        201,
        lambda scene: (2, [scene.pool_id], []),
        "created",
    ),
    "update": (
        act("PATCH", "/v1/pools/{pool}", lambda _: {"name": "b"}),
        200,
        lambda scene: (1, [scene.pool_id], []),
        "updated",
    ),
    "delete": (act("DELETE", "/v1/pools/{pool}", lambda _: None), 204, lambda _: (0, [], []), "deleted"),
    "add": (
        act("POST", "/v1/pools/{pool}/machines", lambda scene: {"machine_ids": [scene.free, scene.member]}),
        200,
        lambda scene: (1, [scene.pool_id], [scene.pool_id]),
        "machines_added",
    ),
    "remove": (
        act("DELETE", "/v1/pools/{pool}/machines", lambda scene: {"machine_ids": [scene.member]}),
        204,
        lambda _: (1, [], []),
        "machines_removed",
    ),
    "replace": (
        act("PUT", "/v1/machines/{member}/pools", lambda _: {"pool_ids": []}),
        200,
        lambda _: (1, [], []),
        "machines_removed",
    ),
}


@pytest.mark.parametrize("headers", [{}, KEY], ids=["no key", "key"])
@pytest.mark.parametrize("fault", CUT)
@pytest.mark.parametrize("change", CHANGES)
async def test_a_commit_without_a_response_takes_effect_once(  # noqa: PLR0913 - a table of three columns
    *, scene: Scene, inbox: Inbox, firestore_control: Control, change: str, fault: str, headers: Headers
) -> None:
    call, status, outcome, kind = CHANGES[change]
    mine = scene.pools.organization.id  # not the commits that delete published events
    await firestore_control.fail_next("Commit", pattern=mine, **CUT[fault])

    response = await call(scene, headers)

    assert status == response.status_code, response.text
    assert "idempotent-replayed" not in response.headers
    assert outcome(scene) == await scene.state()
    if headers:
        again = await call(scene, headers)
        assert (status, "true") == (again.status_code, again.headers["idempotent-replayed"])
    last = await scene.pools.create(name="the end")
    kinds = [(kind, event.pool.id) for kind, event in inbox.next_several(2)]
    if kinds[1][1] != last["id"]:
        kinds.reverse()  # events of different pools have no order
    assert [kind, "created"] == [name for name, _ in kinds]


MEMBERSHIPS: dict[str, tuple[Act, int, str]] = {
    change: (call, status, kind)
    for change, (call, status, _, kind) in CHANGES.items()
    if kind.startswith("machines_")
} | {
    "the machine's deletion": (
        act("DELETE", "/v1/machines/{member}", lambda _: None),
        204,
        "machines_removed",
    )
}


@pytest.mark.parametrize("change", MEMBERSHIPS)
async def test_a_pool_is_not_deleted_in_the_middle_of_a_change_of_its_members(
    scene: Scene, inbox: Inbox, firestore_control: Control, change: str
) -> None:
    """A pool has no events after its deletion."""
    call, status, kind = MEMBERSHIPS[change]
    mine = f"{scene.pools.organization.id}/machines/"
    await firestore_control.fail_next("Commit", pattern=mine, delay_ms=UNTIL_RELEASED)
    changing = asyncio.ensure_future(call(scene, {}))
    await firestore_control.struck()

    # It waits for that commit's locks.
    deletion = f"{scene.pools.organization.id}/pools/{scene.pool_id}"
    await firestore_control.fail_next("Commit", pattern=deletion, delay_ms=0)
    deleting = asyncio.create_task(scene.pools.delete(scene.pool_id))
    await firestore_control.struck()
    await firestore_control.release()

    await deleting
    assert status == (await changing).status_code
    assert [kind, "deleted"] == inbox.kinds_by_time(2)


async def test_a_deletion_is_decided_again_when_its_pool_has_changed(
    scene: Scene, inbox: Inbox, firestore_control: Control
) -> None:
    mine = f"{scene.pools.organization.id}/pools/{scene.pool_id}"
    await firestore_control.fail_next("Commit", pattern=mine, delay_ms=UNTIL_RELEASED)
    deleting = asyncio.create_task(scene.pools.call("DELETE", f"/v1/pools/{scene.pool_id}"))
    await firestore_control.struck()

    await scene.pools.update(scene.pool_id, {"name": "b"})
    await firestore_control.release()

    assert (await deleting).status_code == 204
    expected = [(2, "updated"), (3, "deleted")]
    assert expected == sorted((event.version, kind) for kind, event in inbox.next_several(2))


@pytest.mark.parametrize("change", CHANGES)
async def test_contention_is_tried_again(scene: Scene, firestore_control: Control, change: str) -> None:
    call, status, outcome, _ = CHANGES[change]
    mine = scene.pools.organization.id
    await firestore_control.fail_next("Commit", pattern=mine, count=2, code="ABORTED")

    response = await call(scene, {})

    assert status == response.status_code, response.text
    assert outcome(scene) == await scene.state()


@pytest.mark.parametrize("code", ["ABORTED", "UNAVAILABLE"])
@pytest.mark.parametrize("change", ["add", "remove", "replace"])
async def test_a_read_that_fails_is_tried_again(
    scene: Scene, firestore_control: Control, change: str, code: str
) -> None:
    """A transaction's reads can fail like its commit."""
    call, status, outcome, _ = CHANGES[change]
    mine = scene.pools.organization.id
    await firestore_control.fail_next("BatchGetDocuments", pattern=mine, count=2, code=code)

    response = await call(scene, {})

    assert status == response.status_code, response.text
    assert outcome(scene) == await scene.state()


@pytest.mark.parametrize("code", ["ABORTED", "UNAVAILABLE"])
async def test_what_is_shown_is_read_again_when_that_fails(
    scene: Scene, firestore_control: Control, code: str
) -> None:
    for path, method in READS:
        await firestore_control.fail_next(method, pattern=scene.pools.organization.id, code=code)

        response = await scene.pools.call("GET", path.format(pool=scene.pool_id, member=scene.member))

        assert response.status_code == 200, (path, method, response.text)
        assert await firestore_control.waiting() == [], (path, method)


async def test_a_query_that_the_store_rejects_is_not_retried(
    scene: Scene, firestore_control: Control
) -> None:
    """The query needs an index that does not exist, so a retry would fail too."""
    mine = scene.pools.organization.id
    await firestore_control.fail_next("RunQuery", pattern=mine, code="FAILED_PRECONDITION")

    response = await scene.pools.call("GET", "/v1/machines")

    assert response.status_code == 500, response.text


@pytest.mark.long
async def test_a_store_that_never_responds_is_a_503_and_nothing_changes(
    scene: Scene, firestore_control: Control
) -> None:
    call, _, _, _ = CHANGES["add"]
    before = await scene.state()
    mine = scene.pools.organization.id
    await firestore_control.fail_next("Commit", pattern=mine, count=1000, code="UNAVAILABLE")

    response = await call(scene, {})

    [waiting] = await firestore_control.forget()
    assert waiting["count"] < 999
    assert problem(response, 503, "unavailable") == {}
    assert response.headers["retry-after"] == "1"
    assert before == await scene.state()


@pytest.mark.parametrize("fault", [{"code": "PERMISSION_DENIED"}, {"code": "UNAVAILABLE", "count": 1000}])
async def test_what_cannot_be_counted_after_a_commit_does_not_make_it_a_failure(
    pools: PoolsApi, firestore_control: Control, fault: dict[str, Any]
) -> None:
    """A 503 would mean that nothing has changed, and a repeat would create a second pool."""
    machine = await pools.register()
    mine = pools.organization.id

    async def call(method: str, path: str, body: object, headers: Headers | None = None) -> httpx.Response:
        await firestore_control.fail_next("RunAggregationQuery", pattern=mine, **fault)
        response = await pools.call(method, path, body, headers)
        await firestore_control.forget()
        return response

    began = time.monotonic()
    created = await call("POST", "/v1/pools", {"name": "a"})
    pool_id = created.json()["id"]
    updated = await call("PATCH", f"/v1/pools/{pool_id}", {"name": "b"})
    await firestore_control.fail_next("Commit", pattern=mine, code="ABORTED")  # so it is decided twice
    added = await call("POST", f"/v1/pools/{pool_id}/machines", {"machine_ids": [machine]}, KEY)

    assert time.monotonic() - began < 2 * REQUEST_SECONDS  # for all three, so none waits until its deadline
    assert [response.status_code for response in (created, updated, added)] == [201, 200, 200]
    assert [response.json()["machine_count"] for response in (created, updated, added)] == [None] * 3
    assert [machine] == [shown["id"] for shown in added.json()["machines"]]
    again = await pools.call("POST", f"/v1/pools/{pool_id}/machines", {"machine_ids": [machine]}, KEY)
    assert (1, [machine]) == (again.json()["machine_count"], [m["id"] for m in again.json()["machines"]])


async def test_a_replay_whose_members_cannot_be_read_is_no_failure(
    scene: Scene, firestore_control: Control
) -> None:
    path, body = f"/v1/pools/{scene.pool_id}/machines", {"machine_ids": [scene.free]}
    await scene.pools.call("POST", path, body, KEY)
    await firestore_control.fail_next(
        "RunAggregationQuery", pattern=scene.pools.organization.id, code="PERMISSION_DENIED"
    )

    response = await scene.pools.call("POST", path, body, KEY)

    assert (response.status_code, response.headers["idempotent-replayed"]) == (200, "true")
    assert (response.json()["machine_count"], response.json()["machines"]) == (None, [])


@pytest.mark.parametrize("spoilt", ["a member", "a machine that joins"])
async def test_a_machine_that_cannot_be_shown_does_not_make_an_assignment_a_failure(
    scene: Scene, spoilt: str
) -> None:
    """Documents can come from any version of the product, or from an operator."""
    pools = scene.pools
    machine = scene.member if spoilt == "a member" else scene.free
    pools.machines().document(machine).update({"machine_parameters": "{"})

    response = await pools.call("POST", f"/v1/pools/{scene.pool_id}/machines", {"machine_ids": [scene.free]})

    assert response.status_code == 200, response.text
    shown = [scene.free] if spoilt == "a member" else []
    assert (None, shown) == (response.json()["machine_count"], [m["id"] for m in response.json()["machines"]])
    assert [scene.pool_id] == await pools.pools_of(scene.free)


async def test_a_pool_that_cannot_be_counted_is_an_error_where_nothing_was_changed(
    scene: Scene, firestore_control: Control
) -> None:
    await firestore_control.fail_next(
        "RunAggregationQuery", pattern=scene.pools.organization.id, code="PERMISSION_DENIED"
    )

    response = await scene.pools.call("GET", f"/v1/pools/{scene.pool_id}")

    assert response.status_code == 500
