"""`GET /v1/machines`: every combination of filters finds the same as a check of each machine."""

import asyncio
import os
import statistics
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import httpx
import pytest

from functions.machines.listing import MachineItemsQuery
from shared.pb.inventory.v1.machine_pb2 import Machine
from tests import proc
from tests.control import UNTIL_RELEASED, Control
from tests.functions.machines import fleet, list_speed
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body
from tests.stack import NewOrganization, Organization, RunningStack

# MUSTER_FLEET=100000 shows that pages of a large fleet cost the same; storing it takes minutes.
SIZE = int(os.environ.get("MUSTER_FLEET", "240"))
LARGE = 50_000
REPEATS = 9 if SIZE >= LARGE else 1
PATH = "/v1/machines"


@dataclass(frozen=True)
class Fleet:
    """An organization's machines and pools."""

    organization: Organization
    machines: Sequence[Machine]
    pools: Sequence[str]


@pytest.fixture(scope="module")
async def stored(stack: RunningStack, new_organization: NewOrganization) -> Fleet:
    organization = new_organization()
    pools = [str(uuid.uuid4()) for _ in range(3)]
    machines = fleet.make(organization.id, SIZE, pools=pools)
    await fleet.store_pools(stack, organization.id, pools)
    await fleet.store(stack, machines)
    if SIZE >= LARGE:
        await proc.idle(stack.pids["firestore"])  # until its indexes are up to date
    return Fleet(organization, machines, pools)


async def get(
    http: httpx.AsyncClient, stored: Fleet, parameters: fleet.Parameters, path: str = PATH
) -> httpx.Response:
    response = await http.get(path, params=httpx.QueryParams(parameters), headers=stored.organization.headers)
    assert response.status_code == 200, response.text
    return response


def test_the_combinations_have_every_filter() -> None:
    assert set(MachineItemsQuery.model_fields) - {"include", "skip", "limit"} == set(fleet.FILTERS)


@pytest.mark.timeout(900)
async def test_every_combination_of_filters_finds_just_what_matches(
    http: httpx.AsyncClient, stored: Fleet
) -> None:
    for list_query in fleet.list_queries(stored.machines, stored.pools, seed=1):
        expected = list_query.expected_ids(stored.machines)
        skip = len(expected) // 3 if len(expected) < LARGE // 2 else 7

        response = await get(http, stored, (*list_query.parameters, ("skip", str(skip)), ("limit", "20")))

        page = response.json()
        assert expected[skip : skip + 20] == fleet.ids(page), list_query
        assert len(expected) == page["total"], list_query
        assert (skip, 20) == (page["skip"], page["limit"])


async def test_what_takes_several_queries_finds_just_what_matches(
    http: httpx.AsyncClient, stack: RunningStack, new_organization: NewOrganization
) -> None:
    """A query accepts 30 sets of label keys."""
    organization = new_organization()
    machines = fleet.make(organization.id, 240)
    for number, machine in enumerate(machines):
        machine.labels[f"key-{number % 80}"] = ""
    await fleet.store(stack, machines)
    varied = Fleet(organization, machines, [])

    for list_query in [*fleet.list_queries(machines, list_speed.POOLS, seed=4)][::3]:
        several = fleet.ListQuery((*list_query.parameters, ("label", "!key-7")))
        expected = several.expected_ids(machines)
        skip = len(expected) // 3

        page = (await get(http, varied, (*several.parameters, ("skip", str(skip)), ("limit", "20")))).json()

        assert (expected[skip : skip + 20], len(expected)) == (fleet.ids(page), page["total"]), several


@pytest.mark.timeout(900)
async def test_a_page_reads_no_more_than_its_limit_and_one(
    http: httpx.AsyncClient, stored: Fleet, firestore_control: Control
) -> None:
    # Now the sets of labels and the caller's key are cached.
    await get(http, stored, (("label", "!spot"),))
    milliseconds = []
    for list_query in [*fleet.list_queries(stored.machines, stored.pools, seed=3)][
        :: 1 if SIZE >= LARGE else 4
    ]:
        parameters = (*list_query.parameters, ("limit", "25"))
        await get(http, stored, parameters)
        started = time.perf_counter()
        await get(http, stored, parameters)
        milliseconds.append((time.perf_counter() - started) * 1000)

        listing = partial(get, http, stored, parameters)
        assert await firestore_control.reads_of(listing, expected=26) <= 26, list_query
    if len(stored.machines) >= LARGE:
        assert statistics.median(milliseconds) < 100


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", list_speed.kinds(SIZE, list_speed.POOLS))
async def test_each_kind_of_list_reads_what_it_shows_and_comes_at_once(
    http: httpx.AsyncClient, stored: Fleet, firestore_control: Control, kind: str
) -> None:
    path, parameters = list_speed.kinds(SIZE, stored.pools)[kind]
    given = dict(parameters)
    limit = int(given.get("limit", 100 if path == PATH else given.get("per_page", 20)))
    skipped = int(given.get("skip", (int(given.get("page", 1)) - 1) * limit))
    related = len(stored.pools) if "include" in given else 0

    read = partial(get, http, stored, tuple(parameters), path)
    await get(http, stored, tuple(parameters), path)
    milliseconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        await read()
        milliseconds.append((time.perf_counter() - started) * 1000)

    expected = skipped + limit + 1 + related
    assert await firestore_control.reads_of(read, expected=expected) <= expected
    if len(stored.machines) >= LARGE:
        assert statistics.median(milliseconds) < 100


async def test_a_filter_that_nothing_meets_finds_nothing(http: httpx.AsyncClient, stored: Fleet) -> None:
    for parameter in [("search", "zzz"), ("name", ""), ("pool_id", str(uuid.uuid4())), ("label", "nothing")]:
        page = (await get(http, stored, (parameter,))).json()

        assert page == {"items": [], "total": 0, "skip": 0, "limit": 100}


async def test_a_filter_by_a_name_is_no_longer_than_a_name(http: httpx.AsyncClient, stored: Fleet) -> None:
    """Firestore indexes only 1,500 bytes of a value, and does not say how it compares a longer one."""
    assert (await get(http, stored, (("name", "\N{GRINNING FACE}" * 255),))).json()["total"] == 0
    rejected = await http.get(PATH, params={"name": "x" * 256}, headers=stored.organization.headers)
    assert (rejected.status_code, rejected.json()["detail"]) == (
        422,
        [
            {
                "loc": ["query", "name"],
                "msg": "String should have at most 255 characters",
                "type": "string_too_long",
            }
        ],
    )


async def test_an_empty_search_finds_all(http: httpx.AsyncClient, stored: Fleet) -> None:
    assert (await get(http, stored, (("search", ""), ("limit", "1")))).json()["total"] == SIZE


@pytest.mark.parametrize("skip", [SIZE - 1, SIZE, SIZE + 1])
async def test_a_page_may_begin_at_the_end_or_beyond(
    http: httpx.AsyncClient, stored: Fleet, skip: int
) -> None:
    page = (await get(http, stored, (("skip", str(skip)),))).json()

    assert fleet.ListQuery(()).expected_ids(stored.machines)[skip:] == fleet.ids(page)
    assert page["total"] == SIZE


async def test_what_takes_several_queries_may_begin_as_far_out_as_one_query_can(
    http: httpx.AsyncClient, stack: RunningStack, new_organization: NewOrganization
) -> None:
    """Each query also returns skipped machines. A query accepts 30 sets of label keys."""
    organization = new_organization()
    machines = fleet.make(organization.id, 31)
    for number, machine in enumerate(machines):
        machine.labels[f"key-{number}"] = ""
    await fleet.store(stack, machines)
    ids = sorted((machine.id for machine in machines), reverse=True)

    for skip in (29, 2**31 - 1):
        parameters: dict[str, str | int] = {"label": "!missing", "skip": skip, "limit": 1000}
        page = (await http.get(PATH, params=parameters, headers=organization.headers)).json()

        assert (ids[skip:], len(ids)) == (fleet.ids(page), page["total"])


async def test_a_machine_whose_labels_change_meanwhile_is_not_left_out(
    machines: MachinesApi, firestore_control: Control
) -> None:
    """It lacks the label all the time, but has another set of label keys after the sets are counted."""
    body = a_body()
    machine_id = (await machines.register(body)).json()["id"]
    listing = partial(machines.call, "GET", f"{PATH}?label=!spot")
    assert fleet.ids((await listing()).json()) == [machine_id]
    await firestore_control.fail_next(
        "RunAggregationQuery", pattern=machines.organization.id, when="after", delay_ms=UNTIL_RELEASED
    )

    page = asyncio.create_task(listing())
    await firestore_control.struck()
    replaced = await machines.call("PUT", f"/api/v1/machines/{machine_id}", body | {"labels": {"rack": "7"}})
    await firestore_control.release()

    assert replaced.status_code == 200
    found = (await page).json()
    assert ([machine_id], 1) == (fleet.ids(found), found["total"])
