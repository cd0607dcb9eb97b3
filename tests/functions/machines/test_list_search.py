"""`GET /v1/machines` and `GET /v1/machines/{id}`: search, strict parameters, and machines' pools."""

import asyncio
import re
import uuid
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests import proc
from tests.control import UNTIL_RELEASED, Control
from tests.functions.machines import fleet
from tests.functions.machines.agents import a_pool, faults, missing
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body
from tests.functions.machines.expectations import PATH, common_headers, created
from tests.stack import RunningStack

ITEMS = "/v1/machines"


async def items(machines: MachinesApi, query: str = "") -> dict[str, Any]:
    response = await machines.call("GET", f"{ITEMS}?{query}")
    assert response.status_code == 200, response.text
    common_headers(response)
    found: dict[str, Any] = response.json()
    return found


async def found(machines: MachinesApi, query: str) -> list[str]:
    shown = await items(machines, query)
    assert shown["total"] == len(shown["items"])
    return fleet.ids(shown)


def places(response: httpx.Response) -> list[list[str | int]]:
    return [location for location, _, _ in faults(response)]


async def test_search_finds_parts_of_ids_names_and_hostnames_in_any_case(machines: MachinesApi) -> None:
    one = created(await machines.register(a_body(name="Rack 7, slot 3", hostname="r7s3.example.com")))
    two = created(await machines.register(a_body(name="STRASSE `\\` %", hostname="r7s4.example.com")))

    assert await found(machines, "search=SLOT") == [one]
    assert await found(machines, "search=R7S") == [two, one]
    assert await found(machines, "search=r7s3.EXAMPLE.com") == [one]
    assert await found(machines, f"search={one.upper()}") == [one]
    assert await found(machines, f"search={two[-9:]}") == [two]
    assert await found(machines, "search=stra%C3%9Fe") == [two]
    assert await found(machines, "search=%60%5C%60+%25") == [two]
    assert await found(machines, "search=r7s3.example.org") == []


async def test_a_replacement_character_is_a_character(machines: MachinesApi) -> None:
    """It also replaces invalid UTF-8 when that is displayed, but requests with invalid UTF-8 are rejected."""
    machine = created(await machines.register(a_body(name="a\ufffdb")))

    assert await found(machines, "name=a%EF%BF%BDb") == [machine]
    assert await found(machines, "search=%EF%BF%BDb") == [machine]


async def test_search_finds_long_parts_of_names_and_hostnames(machines: MachinesApi) -> None:
    letters = "".join(f"{number:x}." for number in range(1000))
    plain, shifted = letters[:255], letters[1:251]
    one, two, twice, often = [
        created(await machines.register(a_body(**texts, labels={"tier": "db"})))
        for texts in (
            {"name": plain},
            {"hostname": shifted, "name": "two"},
            {"name": letters[:120] + letters[:120], "hostname": letters[:100]},
            {"hostname": "ab" * 127},
        )
    ]

    assert await found(machines, f"search={plain.upper()}") == [one]
    assert await found(machines, f"search={shifted}") == [two, one]
    assert await found(machines, f"search={letters[1:100]}") == [twice, two, one]
    assert await found(machines, f"search={letters[1:100]}&label=tier=db&label=!spot") == [twice, two, one]
    assert await found(machines, f"search={letters[100:120]}{letters[:100]}") == [twice]
    created(await machines.register(a_body(labels={})))
    assert await found(machines, f"search={letters[100:120]}{letters[:100]}&label=!tier") == []
    assert await found(machines, f"search={letters[:99]}-") == []
    assert await found(machines, f"search={'ba' * 50}") == [often]
    assert await found(machines, f"search={'ab' * 127}a") == []
    for skip, machine in enumerate((twice, two, one)):
        page = await items(machines, f"search={letters[1:120]}&skip={skip}&limit=1")
        assert ([machine], 3) == (fleet.ids(page), page["total"])


async def test_more_machines_than_are_looked_at_at_once_are_found_by_a_long_part(
    machines: MachinesApi, stack: RunningStack
) -> None:
    often = fleet.make(machines.organization.id, 101)
    for machine in often:
        machine.hostname = "ab" * 25
    await fleet.store(stack, often)
    ids = sorted((machine.id for machine in often), reverse=True)

    page = await items(machines, f"search={'ab' * 24}a&skip=99&limit=100")
    assert (ids[99:], 101) == (fleet.ids(page), page["total"])


async def test_a_long_part_finds_among_large_machines_but_not_too_many_of_them(
    machines: MachinesApi, stack: RunningStack
) -> None:
    """All have the runs of the part, but only some have the part itself; 16 MiB hold 37 of the machines."""
    part = "ab" * 24 + "a"
    all_runs = ("ab" * 24) + "." + ("ba" * 24)
    large = fleet.make(machines.organization.id, 38)
    for number, machine in enumerate(large):
        machine.hostname, machine.os_info = all_runs, "x" * 450_000
        machine.labels[f"key-{number}"] = ""
    large[20].name = part
    for start in range(0, len(large), 15):
        await fleet.store(stack, large[start : start + 15])
    one = await found(machines, f"search={part}")
    for machine in large:
        await machines.call("PATCH", f"{ITEMS}/{machine.id}", {"hostname": part})
    too_large = await machines.call("GET", f"{ITEMS}?search={part}&limit=1")
    in_several_queries = await machines.call("GET", f"{ITEMS}?search={part}&limit=1&label=!other")
    shorter = await items(machines, f"search={part[:48]}&limit=1")

    assert one == [large[20].id]
    message = "The machines are too large for a search of more than 48 characters"
    for rejected in (too_large, in_several_queries):
        assert faults(rejected) == [(["query", "search"], message, "too_large")]
    assert shorter["total"] == len(large)


@pytest.mark.parametrize("repeats", [(1, 2), (2, 1)])
async def test_a_machine_that_is_renamed_meanwhile_is_not_missed_by_a_long_part(
    machines: MachinesApi, firestore_control: Control, repeats: tuple[int, int]
) -> None:
    """It matches all the time, but must be verified only while its name has the part twice."""
    part = "".join(f"{number:x}." for number in range(30))
    before, after = (part * times for times in repeats)
    machine_id = created(await machines.register(a_body(name=before)))
    await firestore_control.fail_next(
        "RunAggregationQuery", pattern=machines.organization.id, when="after", delay_ms=UNTIL_RELEASED
    )

    page = asyncio.create_task(found(machines, f"search={part}"))
    await firestore_control.struck()
    renamed = await machines.call("PATCH", f"{ITEMS}/{machine_id}", {"name": after})
    await firestore_control.release()

    assert renamed.status_code == 200
    assert [machine_id] == await page


async def test_a_search_may_go_with_as_many_labels_as_a_query_takes(machines: MachinesApi) -> None:
    labels = {f"key-{number}": "" for number in range(60)}
    one = created(await machines.register(a_body(labels=labels)))
    created(await machines.register(a_body(labels=labels | {"key-1": "other"})))

    wanted = "&".join(f"label={key}=" for key in labels)
    unwanted = "&".join(f"label=!key-{number}" for number in range(100, 140))

    assert await found(machines, f"{wanted}&{unwanted}&search={one[:8]}&status=disconnected") == [one]


async def test_search_follows_a_machine_that_is_renamed(machines: MachinesApi) -> None:
    machine_id = created(await machines.register(a_body(name="before", labels={"tier": "db"})))

    assert (await machines.call("PATCH", f"{ITEMS}/{machine_id}", {"name": "after"})).status_code == 200
    assert await found(machines, "search=befor") == []
    assert await found(machines, "search=after&label=tier") == [machine_id]
    await machines.call("PATCH", f"{ITEMS}/{machine_id}", {"hostname": "patched.example.com"})
    assert await found(machines, "search=patched.example") == [machine_id]

    body = a_body(hostname="put.example.com", labels={"rack": "7"})
    await machines.call("PUT", f"{PATH}/{machine_id}", body)
    assert await found(machines, "search=after") == []
    assert await found(machines, "search=put.example&label=rack=7&label=!tier") == [machine_id]
    await machines.call("PUT", f"{PATH}/{machine_id}", body | {"labels": {"tier": "web"}})
    assert await found(machines, "label=tier=web&label=!rack") == [machine_id]

    await machines.call("DELETE", f"{ITEMS}/{machine_id}")
    assert await found(machines, "search=put.example") == []


async def test_labels_select_machines_by_value_by_key_and_by_absence(machines: MachinesApi) -> None:
    plain = created(await machines.register(a_body()))
    db = created(await machines.register(a_body(labels={"tier": "db", "example.com/rack": "r7"})))
    web = created(await machines.register(a_body(labels={"tier": "web", "spot": ""})))

    for path in (PATH, ITEMS):

        async def selected(query: str, path: str = path) -> list[str]:
            return fleet.ids((await machines.call("GET", f"{path}?{query}")).json())

        assert await selected("label=tier") == [web, db]
        assert await selected("label=tier=db") == [db]
        assert await selected("label=example.com/rack=r7&label=tier=db") == [db]
        assert await selected("label=spot=") == [web]
        assert await selected("label=tier=") == []
        assert await selected("label=spot=x") == []
        assert await selected("label=!tier") == [plain]
        assert await selected("label=!spot") == [db, plain]
        assert await selected("label=!spot&label=!example.com/rack") == [plain]
        assert await selected("label=!spot&label=tier") == [db]
        assert await selected("label=!nothing") == [web, db, plain]


async def test_a_new_set_of_labels_is_seen_at_once(machines: MachinesApi) -> None:
    first = created(await machines.register(a_body(labels={"a": ""})))
    assert await found(machines, "label=!b") == [first]

    second = created(await machines.register(a_body(labels={"c": ""})))
    third = created(await machines.register(a_body(labels={"b": ""})))

    assert await found(machines, "label=!b") == [second, first]
    assert await found(machines, "label=!a") == [third, second]


async def test_more_sets_of_labels_than_one_query_takes_are_merged(machines: MachinesApi) -> None:
    ids = [
        created(await machines.register(a_body(hostname="node.example.com", labels={f"key-{number}": ""})))
        for number in range(35)
    ][::-1]

    for query in ("label=!key-7", "label=!key-7&search=node.example"):
        shown = await items(machines, f"{query}&skip=3&limit=10")
        expected = [machine for number, machine in enumerate(ids) if number != 34 - 7]
        assert fleet.ids(shown) == expected[3:13]
        assert shown["total"] == 34
    assert await found(machines, "label=!key-7&name=nobody&skip=1") == []


async def test_many_sets_of_labels_are_read_in_time(
    machines: MachinesApi, firestore_control: Control
) -> None:
    """Each set takes a read that needs the result of another. One by one, all would take 13 seconds."""
    bodies = [a_body(labels={f"key-{number}": ""}) for number in range(64)]
    ids = [created(await machines.register(body)) for body in bodies][::-1]
    await firestore_control.fail_next("RunQuery", pattern=machines.organization.id, count=1000, delay_ms=200)

    try:
        assert await found(machines, "label=!key-0&limit=100") == ids[:-1]
    finally:
        await firestore_control.forget()


async def test_a_long_search_among_many_sets_of_labels_is_answered_in_time(
    machines: MachinesApi, firestore_control: Control
) -> None:
    """A query takes 15 sets with such a search. One after another, 14 counts would take 10 seconds."""
    hostname = "the-quick-brown-fox-jumps-over-the-lazy-dog.example.com"
    bodies = [a_body(hostname=hostname, labels={f"key-{number}": ""}) for number in range(200)]
    ids = [created(await machines.register(body)) for body in bodies][::-1]
    pattern = machines.organization.id
    await firestore_control.fail_next("RunAggregationQuery", pattern=pattern, count=1000, delay_ms=700)

    try:
        assert await found(machines, f"label=!key-0&search={hostname}&limit=1000") == ids[:-1]
    finally:
        await firestore_control.forget()


async def test_dates_are_inclusive_and_in_utc(machines: MachinesApi) -> None:
    machine_id = created(await machines.register(a_body()))
    [machine] = (await items(machines))["items"]
    created_at = machine["created_at"].removesuffix("Z")

    for parameter in ("created_at_from", "created_at_to"):
        for zone in ("", "Z", "%2B00:00"):
            assert await found(machines, f"{parameter}={created_at}{zone}") == [machine_id]
    assert await found(machines, f"created_at_from={created_at}-01:00") == []
    assert await found(machines, f"created_at_to={created_at}%2B01:00") == []
    assert await found(machines, "created_at_to=1969-12-31T00:00:00") == []
    assert await found(machines, "created_at_from=9999-12-31T23:59:59") == []
    assert await found(machines, "created_at_from=1950-01-01T00:00:00") == [machine_id]


async def test_a_date_alone_is_the_whole_day_in_utc(machines: MachinesApi) -> None:
    machine_id = created(await machines.register(a_body()))
    [machine] = (await items(machines))["items"]
    day = date.fromisoformat(machine["created_at"].partition("T")[0])
    eve, morrow = day - timedelta(days=1), day + timedelta(days=1)

    assert await found(machines, f"created_at_from={day}&created_at_to={day}") == [machine_id]
    assert await found(machines, f"created_at_from={eve}&created_at_to={eve}") == []
    assert await found(machines, f"created_at_from={morrow}") == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("limit=0", ["limit"]),
        ("limit=1001", ["limit"]),
        ("limit=1e2", ["limit"]),
        ("skip=-1", ["skip"]),
        ("skip=1&skip=1", ["skip"]),
        ("status=offline", ["status"]),
        ("status=", ["status"]),
        ("created_at_from=2024-02-30", ["created_at_from"]),
        ("created_at_from=20240101", ["created_at_from"]),
        ("created_at_to=1700000000", ["created_at_to"]),
        ("created_at_to=2024-02-30T00:00:00", ["created_at_to"]),
        ("pool_id=pool", ["pool_id"]),
        ("include=machines", ["include"]),
        ("label=%20", ["label"]),
        ("name=%FF", ["name"]),
        ("name=%EF%BF%BD%FF", ["name"]),
        (f"search={'x' * 256}", ["search"]),
        (f"search={'x' * 48}&" + "&".join(f"label=key-{number}" for number in range(60)), ["label"]),
        ("page=1", ["page"]),
        ("limit=x&status=y", ["limit", "status"]),
    ],
)
async def test_wrong_parameters_are_rejected_by_name(
    machines: MachinesApi, query: str, names: list[str]
) -> None:
    locations = places(await machines.call("GET", f"{ITEMS}?{query}"))

    assert sorted(locations) == [["query", name] for name in names]


async def test_a_plus_that_is_a_space_in_a_query_is_reported_as_such(machines: MachinesApi) -> None:
    for zone in ("02:00", "0200"):
        response = await machines.call("GET", f"{ITEMS}?created_at_from=2024-01-01T00:00:00+{zone}")

        [fault] = response.json()["detail"]
        assert fault["loc"] == ["query", "created_at_from"]
        assert "%2B" in fault["msg"]


async def test_what_is_no_time_is_reported_with_what_is(machines: MachinesApi) -> None:
    response = await machines.call("GET", f"{ITEMS}?created_at_from=yesterday")

    [fault] = response.json()["detail"]
    assert fault["msg"] == "Input should be a valid datetime, expected a date, or a date and a time"


async def test_a_time_that_is_none_takes_no_time(machines: MachinesApi, stack: RunningStack) -> None:
    """A regular expression with backtracking would take six seconds, and block all other requests."""
    [worker] = proc.children(stack.pids["machines"])
    used = proc.cpu_seconds(worker)
    response = await machines.call("GET", f"{ITEMS}?created_at_from=a{'00:00+' * 10_000}")

    assert places(response) == [["query", "created_at_from"]]
    assert proc.cpu_seconds(worker) - used < 1


async def test_a_pool_of_nobody_or_of_others_or_that_is_gone_has_no_machines(
    machines: MachinesApi, others: MachinesApi
) -> None:
    machine_id = created(await machines.register(a_body()))
    pool_id = await a_pool(machines, machine_id)
    foreign = await a_pool(others, created(await others.register(a_body())))
    assert await found(machines, f"pool_id={pool_id}") == [machine_id]
    assert await found(machines, f"pool_id={pool_id.upper()}") == [machine_id]

    assert await found(machines, f"pool_id={foreign}") == []
    assert await found(machines, f"pool_id={uuid.uuid4()}") == []
    assert (await machines.call("DELETE", f"/v1/pools/{pool_id}")).status_code == 204
    assert await found(machines, f"pool_id={pool_id}") == []
    assert (await items(machines, "include=pools"))["included"] == []
    assert (await machines.call("GET", f"{ITEMS}/{machine_id}?include=pools")).json()["pools"] == []


async def test_included_pools_are_shown_with_their_machines_and_once_next_to_them(
    machines: MachinesApi,
) -> None:
    one, two = [created(await machines.register(a_body())) for _ in range(2)]
    both, single = await a_pool(machines, one, two), await a_pool(machines, two)

    shown = await items(machines, "include=pools")

    counts = {pool["id"]: (pool["type"], pool["machine_count"]) for pool in shown["included"]}
    assert counts == {both: ("pool", 2), single: ("pool", 1)}
    assert len(shown["included"]) == 2
    pools = {machine["id"]: {pool["id"] for pool in machine["pools"]} for machine in shown["items"]}
    assert pools == {one: {both}, two: {both, single}}
    assert all("type" not in pool for machine in shown["items"] for pool in machine["pools"])

    plain = await items(machines)
    assert "included" not in plain
    assert [machine["pools"] for machine in plain["items"]] == [None, None]


async def test_a_machine_is_shown_with_its_pools_if_requested(machines: MachinesApi) -> None:
    machine_id = created(await machines.register(a_body()))
    pool_id = await a_pool(machines, machine_id)

    plain = await machines.call("GET", f"{ITEMS}/{machine_id}")
    full = await machines.call("GET", f"{ITEMS}/{machine_id}?include=pools")

    assert re.fullmatch(r'"[0-9]+"', plain.headers["etag"])
    shown = full.json()
    assert plain.json() | {"pools": shown["pools"], "included": shown["included"]} == shown
    assert plain.json()["pools"] is None
    assert [pool["id"] for pool in shown["pools"]] == [pool_id]
    assert [(pool["type"], pool["id"]) for pool in shown["included"]] == [("pool", pool_id)]
    known = {"If-None-Match": plain.headers["etag"]}
    assert (await machines.call("GET", f"{ITEMS}/{machine_id}", headers=known)).status_code == 304
    with_pools = await machines.call("GET", f"{ITEMS}/{machine_id}?include=pools", headers=known)
    assert with_pools.status_code == 200


async def test_a_machine_that_is_not_there_or_not_ours_is_not_found(
    machines: MachinesApi, others: MachinesApi
) -> None:
    foreign = created(await others.register(a_body()))

    for machine_id in (foreign, str(uuid.uuid4())):
        missing(await machines.call("GET", f"{ITEMS}/{machine_id}"), machine_id)
    assert places(await machines.call("GET", f"{ITEMS}/x")) == [["path", "machine_id"]]
    assert places(await machines.call("GET", f"{ITEMS}/{foreign}?include=x")) == [["query", "include"]]
