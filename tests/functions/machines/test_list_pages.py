"""`GET /api/v1/machines`: pages by number and by token, and lookups by MAC address."""

import asyncio
import math
import uuid
from functools import partial
from typing import Any

import httpx
import pytest

from functions.machines.page_token import MAX_SKIP, PageToken, write_token
from shared.domain.identities import mac_identity
from shared.pb.inventory.v1.api_pb2 import MachineList
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store import paths
from tests.control import Control
from tests.functions.machines import fleet
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.machines.expectations import PATH, common_headers, created, problem
from tests.stack import NewOrganization, RunningStack

SIZE = 7


async def page(machines: MachinesApi, query: str = "") -> dict[str, Any]:
    response = await machines.call("GET", f"{PATH}?{query}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    common_headers(response)
    found: dict[str, Any] = response.json()
    return found


def faults(response: httpx.Response) -> list[str]:
    return sorted(fault["field"] for fault in problem(response, 400)["invalid_fields"])


async def registered(machines: MachinesApi, count: int) -> list[str]:
    """Register machines, and return their ids, newest first."""
    return [created(await machines.register(a_body())) for _ in range(count)][::-1]


async def walk(machines: MachinesApi, per_page: int) -> list[dict[str, Any]]:
    pages = [await page(machines, f"per_page={per_page}")]
    while token := pages[-1]["pagination"]["next_page_token"]:
        pages.append(await page(machines, f"per_page={per_page}&page_token={token}"))
    return pages


async def test_an_organization_without_machines_has_one_empty_page(machines: MachinesApi) -> None:
    pagination = {"total": 0, "page": 1, "per_page": 20, "total_pages": 0, "next_page_token": None}

    assert await page(machines) == {"machines": [], "pagination": pagination}


async def test_machines_are_listed_newest_first_as_they_are_shown_one_by_one(machines: MachinesApi) -> None:
    ids = await registered(machines, 3)

    shown = (await page(machines))["machines"]

    assert ids == [machine["id"] for machine in shown]
    assert shown[0] == (await machines.call("GET", f"{PATH}/{ids[0]}")).json()


@pytest.mark.parametrize("per_page", [1, 3, SIZE, 100])
async def test_numbered_pages_show_all_machines_once(machines: MachinesApi, per_page: int) -> None:
    ids = await registered(machines, SIZE)
    last = math.ceil(SIZE / per_page)

    pages = [await page(machines, f"per_page={per_page}&page={number}") for number in range(1, last + 2)]

    assert ids == [machine for shown in pages for machine in fleet.ids(shown)]
    for number, shown in enumerate(pages, 1):
        token = shown["pagination"].pop("next_page_token")
        assert (number < last) == (token is not None)
        expected = {"total": SIZE, "page": number, "per_page": per_page, "total_pages": last}
        assert expected == shown["pagination"]


@pytest.mark.parametrize("per_page", [1, 3, SIZE])
async def test_a_walk_by_tokens_shows_all_machines_once(machines: MachinesApi, per_page: int) -> None:
    ids = await registered(machines, SIZE)

    pages = await walk(machines, per_page)

    assert ids == [machine for shown in pages for machine in fleet.ids(shown)]
    numbers = [shown["pagination"]["page"] for shown in pages]
    assert numbers == list(range(1, math.ceil(SIZE / per_page) + 1))


async def test_a_token_keeps_the_size_of_its_pages_unless_another_is_requested(machines: MachinesApi) -> None:
    await registered(machines, 5)
    token = (await page(machines, "per_page=2"))["pagination"]["next_page_token"]

    assert len((await page(machines, f"page_token={token}"))["machines"]) == 2
    assert len((await page(machines, f"page_token={token}&per_page=3"))["machines"]) == 3
    single = await page(machines, f"page_token={token}&per_page=1")
    assert (single["pagination"]["page"], len(single["machines"])) == (3, 1)


async def test_a_walk_shows_once_what_stays_while_machines_come_and_go(machines: MachinesApi) -> None:
    ids = await registered(machines, 12)
    deleted, stay = set(ids[1::3]), [machine for number, machine in enumerate(ids) if number % 3 != 1]
    seen: list[str] = []
    shown = await page(machines, "per_page=2")

    while True:
        seen += fleet.ids(shown)
        assert shown["pagination"]["total"] == 12
        if deleted:
            assert (await machines.call("DELETE", f"{PATH}/{deleted.pop()}")).status_code == 204
        created(await machines.register(a_body()))
        token = shown["pagination"]["next_page_token"]
        if token is None:
            break
        shown = await page(machines, f"per_page=2&page_token={token}")

    assert stay == [machine for machine in seen if machine in set(stay)]
    assert len(seen) == len(set(seen))


async def test_a_page_by_token_costs_the_same_at_any_depth(
    machines: MachinesApi, stack: RunningStack, firestore_control: Control
) -> None:
    await fleet.store(stack, fleet.make(machines.organization.id, 60))
    token = (await page(machines, "per_page=5"))["pagination"]["next_page_token"]
    costs = set()
    while token:
        query = f"per_page=5&page_token={token}"
        costs.add(await firestore_control.reads_of(partial(page, machines, query), expected=6))
        token = (await page(machines, query))["pagination"]["next_page_token"]

    assert min(costs) >= 5
    assert max(costs) <= 6


async def test_a_token_that_was_changed_or_is_for_another_list_is_rejected(
    machines: MachinesApi, others: MachinesApi
) -> None:
    await registered(machines, 2)
    token: str = (await page(machines, "per_page=1"))["pagination"]["next_page_token"]
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")

    for wrong in ("", "x", changed, token[1:], token + "=", "%FF"):
        assert faults(await machines.call("GET", f"{PATH}?page_token={wrong}")) == ["page_token"]
    response = await machines.call("GET", f"{PATH}?page_token={token}&label=tier")
    assert faults(response) == ["page_token"]
    assert faults(await others.call("GET", f"{PATH}?page_token={token}")) == ["page_token"]


async def test_a_forged_token_leads_no_further_out_than_a_token_can_say(machines: MachinesApi) -> None:
    ids = await registered(machines, 3)
    forged = PageToken(after=ids[0], skip=MAX_SKIP, per_page=1, total=3)
    token = write_token(forged, f"{machines.organization.id} []")

    shown = await page(machines, f"page_token={token}")
    last = await page(machines, f"page_token={shown['pagination']['next_page_token']}")

    assert ids[1:] == [*fleet.ids(shown), *fleet.ids(last)]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("page=0", ["page"]),
        ("page=1.0", ["page"]),
        ("page=", ["page"]),
        ("page=99999999999999999999", ["page"]),
        ("per_page=0&page=x", ["page", "per_page"]),
        ("per_page=101", ["per_page"]),
        ("per_page=+5", ["per_page"]),
        ("page=1&page=1", ["page"]),
        ("mac=00:00:5e:00:53", ["mac"]),
        ("page=1&page_token=x", ["page"]),
        ("mac=ff:ff:ff:ff:ff:ff", ["mac"]),
        ("mac=", ["mac"]),
        ("limit=5", ["limit"]),
        ("search=x", ["search"]),
        ("label=a=b=c", ["label"]),
        ("label=", ["label"]),
        ("label=!tier=db", ["label"]),
        ("&".join(f"label=key-{number}" for number in range(98)), ["label"]),
    ],
)
async def test_wrong_parameters_are_rejected_by_name(
    machines: MachinesApi, query: str, fields: list[str]
) -> None:
    assert faults(await machines.call("GET", f"{PATH}?{query}")) == fields


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("page=x", "must be an integer"),
        (f"page={'1' * 5000}", "must be an integer of 64 bits"),
        ("page=1&page=2", "must not be given twice"),
    ],
)
async def test_reasons_are_worded_as_those_of_a_body(machines: MachinesApi, query: str, reason: str) -> None:
    response = await machines.call("GET", f"{PATH}?{query}")

    assert problem(response, 400)["invalid_fields"] == [{"field": "page", "reason": reason}]


async def test_several_labels_in_one_parameter_are_rejected_with_what_to_do(machines: MachinesApi) -> None:
    """Kubernetes separates them by commas."""
    rejected = await machines.call("GET", f"{PATH}?label=tier=db,rack=7")

    (fault,) = problem(rejected, 400)["invalid_fields"]
    assert fault["reason"].endswith("repeat the parameter for others")


async def test_too_many_labels_are_blamed_on_a_search_only_if_there_is_one(machines: MachinesApi) -> None:
    labels = "&".join(f"label=key-{number}" for number in range(98))
    message = "must be given fewer times"

    rejected = await machines.call("GET", f"{PATH}?{labels}")
    assert [{"field": "label", "reason": message}] == problem(rejected, 400)["invalid_fields"]
    for search, reason in [("", message), ("&search=x", f"{message} with a search of this length")]:
        rejected = await machines.call("GET", f"/v1/machines?{labels}{search}")
        assert [{"loc": ["query", "label"], "msg": reason, "type": "too_many"}] == rejected.json()["detail"]


async def test_as_many_labels_are_taken_as_a_query_has_room_for(machines: MachinesApi) -> None:
    labels = {f"key-{number}": "" for number in range(49)}
    machine_id = created(await machines.register(a_body(labels=labels)))
    selectors = [*labels, *(f"{key}=" for key in labels)]

    for taken in (selectors[:97], selectors[:1] * 120):
        query = "&".join(f"label={selector}" for selector in taken)
        assert fleet.ids(await page(machines, query)) == [machine_id]


async def test_a_machine_is_found_by_its_mac_in_any_notation_at_two_reads(
    machines: MachinesApi, firestore_control: Control
) -> None:
    mac = a_mac()
    machine_id = created(await machines.register(a_body(nics=[{"mac": a_mac()}, {"mac": mac}])))
    digits = mac.replace(":", "")
    notations = (mac, mac.upper(), mac.replace(":", "-"), digits, f"{digits[:4]}.{digits[4:8]}.{digits[8:]}")
    for notation in notations:
        shown = await page(machines, f"mac={notation}")

        assert fleet.ids(shown) == [machine_id]
        assert shown["pagination"]["total"] == 1
        assert await firestore_control.reads_of(partial(page, machines, f"mac={notation}"), expected=2) == 2


async def test_a_mac_of_nobody_or_of_another_organization_finds_nothing(
    machines: MachinesApi, others: MachinesApi
) -> None:
    mac = a_mac()
    created(await others.register(a_body(nics=[{"mac": mac}])))

    for wanted in (mac, a_mac()):
        shown = await page(machines, f"mac={wanted}")
        assert (shown["machines"], shown["pagination"]["total"]) == ([], 0)


async def test_a_mac_whose_claim_names_a_machine_without_it_or_none_finds_nothing(
    machines: MachinesApi,
) -> None:
    """The machine can be changed or deleted after its claim was read."""
    machine_id = created(await machines.register(a_body()))

    for claimant in (machine_id, str(uuid.uuid4())):
        mac = a_mac()
        claim = machines.store.document(paths.identity(mac_identity(mac)))
        claim.set({"organization_id": machines.organization.id, "machine_id": claimant})
        shown = await page(machines, f"mac={mac}")
        assert (shown["machines"], shown["pagination"]["total"]) == ([], 0)


async def test_a_mac_that_a_machine_gave_up_finds_nothing(machines: MachinesApi) -> None:
    mac = a_mac()
    machine_id = created(await machines.register(a_body(nics=[{"mac": mac}])))
    assert (await machines.call("PUT", f"{PATH}/{machine_id}", a_body())).status_code == 200

    assert (await page(machines, f"mac={mac}"))["machines"] == []


async def test_a_mac_can_be_combined_with_labels_and_not_with_a_token(machines: MachinesApi) -> None:
    mac = a_mac()
    machine_id = created(await machines.register(a_body(nics=[{"mac": mac}], labels={"tier": "db"})))

    assert fleet.ids(await page(machines, f"mac={mac}&label=tier=db")) == [machine_id]
    assert fleet.ids(await page(machines, f"mac={mac}&label=!tier")) == []
    assert fleet.ids(await page(machines, f"mac={mac}&label=tier=db&label=rack")) == []
    assert fleet.ids(await page(machines, f"mac={mac}&page=2")) == []
    assert faults(await machines.call("GET", f"{PATH}?mac={mac}&page_token=x")) == ["page_token"]


async def test_a_list_can_be_protobuf_too(machines: MachinesApi) -> None:
    ids = await registered(machines, 2)

    response = await machines.call("GET", f"{PATH}?per_page=1", headers={"Accept": "application/x-protobuf"})

    assert response.headers["content-type"] == "application/x-protobuf"
    shown = MachineList.FromString(response.content)
    assert [machine.id for machine in shown.machines] == ids[:1]
    assert (shown.pagination.total, shown.pagination.total_pages) == (2, 2)
    assert shown.pagination.HasField("next_page_token")


async def test_protobuf_responses_name_no_pools_as_json_names_none(machines: MachinesApi) -> None:
    """A deleted pool's id remains in its members until the cleanup, and must not be visible."""
    [machine_id] = await registered(machines, 1)
    machines.machines().document(machine_id).update({"pool_ids": ["deleted"]})
    wanted = {"Accept": "application/x-protobuf"}

    listed = await machines.call("GET", PATH, headers=wanted)
    one = await machines.call("GET", f"{PATH}/{machine_id}", headers=wanted)

    [shown] = MachineList.FromString(listed.content).machines
    assert shown == Machine.FromString(one.content)
    assert (shown.id, list(shown.pool_ids)) == (machine_id, [])


async def test_a_list_needs_the_scope_to_read_machines(
    http: httpx.AsyncClient, new_organization: NewOrganization
) -> None:
    headers = new_organization(("machines:write", "pools:read")).headers

    for path in (PATH, "/v1/machines"):
        problem(await http.get(path, headers=headers), 403)


async def test_of_a_query_with_more_names_than_any_has_that_is_reported(machines: MachinesApi) -> None:
    query = "&".join(f"a{number}" for number in range(8000))

    assert faults(await machines.call("GET", f"{PATH}?{query}")) == ["query"]


async def test_a_new_set_of_labels_is_found_whatever_else_comes_meanwhile(
    machines: MachinesApi, firestore_control: Control
) -> None:
    known = created(await machines.register(a_body(labels={"tier": "db"})))
    assert fleet.ids(await page(machines, "label=!spot")) == [known]
    new = created(await machines.register(a_body(labels={"rack": "7"})))
    mine = f"{machines.organization.id}/machines"
    # Delay the second count, of machines with known labels; the first one is of all machines.
    await firestore_control.fail_next("RunAggregationQuery", pattern=mine, delay_ms=0)
    async with firestore_control.holding("RunAggregationQuery", pattern=mine):
        listing = asyncio.create_task(page(machines, "label=!spot"))
        await firestore_control.are_held()
        created(await machines.register(a_body(labels={"tier": "web"})))

    assert {known, new} <= set(fleet.ids(await listing))
