"""Pages of machines and pools that are too large together for the memory of an instance."""

from collections.abc import Sequence

import httpx
import pytest
from google.cloud.firestore import Client
from uuid6 import uuid7

from tests.functions.pools.api import PoolsApi
from tests.functions.pools.expectations import invalid
from tests.stack import NewOrganization

LARGE = {"os_info": "x" * 450_000}
# 16 MiB hold 37 of these, but not 38.
SHOWN, STORED = 37, 75
A_COMMIT = 15


@pytest.fixture(scope="module")
async def pools(
    http: httpx.AsyncClient, new_organization: NewOrganization, firestore_client: Client
) -> PoolsApi:
    """The API for an organization that these tests share because of its machines."""
    return PoolsApi(http=http, organization=new_organization(), store=firestore_client)


@pytest.fixture(scope="module")
async def pool_id(pools: PoolsApi) -> str:
    """Create a pool."""
    return str((await pools.create())["id"])


@pytest.fixture(scope="module")
async def machines(pools: PoolsApi, pool_id: str) -> Sequence[str]:
    """Create large members of the pool directly in the database, and return their ids, newest first.

    Each has its own set of label keys, of which a query accepts 30.
    """
    member = pools.stored(await pools.register()) | LARGE | {"pool_ids": [pool_id]}
    ids = [str(uuid7()) for _ in range(STORED)]
    for start in range(0, STORED, A_COMMIT):
        batch = pools.store.batch()
        for machine_id in ids[start : start + A_COMMIT]:
            own = {"id": machine_id, "label_set": machine_id.replace("-", "")[::-1]}
            batch.set(pools.machines().document(machine_id), member | own)
        batch.commit()
    return ids[::-1]


@pytest.mark.parametrize("several_queries", ["", "&label=!other"])
async def test_a_page_of_machines_that_are_too_large_together_is_rejected(
    pools: PoolsApi, machines: Sequence[str], several_queries: str
) -> None:
    message = "The machines are too large for one page: ask for fewer"

    rejected = await pools.call("GET", f"/v1/machines?limit={SHOWN + 1}{several_queries}")
    fewer = await pools.call("GET", f"/v1/machines?limit={SHOWN}{several_queries}")
    profiles = await pools.call("GET", f"/api/v1/machines?per_page=100{several_queries}")

    invalid(rejected, (("query", "limit"), message, "too_large"))
    assert [machine["id"] for machine in fewer.json()["items"]] == machines[:SHOWN]
    assert profiles.status_code == 400, profiles.text
    assert profiles.json()["invalid_fields"] == [{"field": "per_page", "reason": message}]


async def test_a_pool_shows_as_many_of_its_machines_as_one_page_holds(
    pools: PoolsApi, pool_id: str, machines: Sequence[str]
) -> None:
    response = await pools.call("GET", f"/v1/pools/{pool_id}?include_machines=true")
    rest = [await pools.call("GET", response.links["next"]["url"])]
    while "next" in rest[-1].links:
        rest.append(await pools.call("GET", rest[-1].links["next"]["url"]))
    listed = await pools.call("GET", "/v1/pools?include=machines")

    pool, [item] = response.json(), listed.json()["items"]
    shown = [machine["id"] for machine in pool["machines"]]
    assert (shown, pool["machine_count"]) == (machines[:SHOWN], STORED)
    assert [machine["id"] for page in rest for machine in page.json()["items"]] == machines[SHOWN:]
    assert [machine["id"] for machine in listed.json()["included"]] == machines[:SHOWN]
    assert item["machine_count"] == STORED


async def test_an_addition_to_a_pool_of_large_machines_shows_the_new_member(
    pools: PoolsApi, pool_id: str, machines: Sequence[str]
) -> None:
    new = await pools.register()

    added = await pools.add(pool_id, [new])
    await pools.remove(pool_id, [new])

    assert (added["machines"][0]["id"], added["machine_count"]) == (new, STORED + 1)
    assert [machine["id"] for machine in added["machines"][1:]] == machines[:SHOWN]


async def test_a_page_of_pools_that_are_too_large_together_is_rejected(
    new_organization: NewOrganization, pools: PoolsApi
) -> None:
    own = PoolsApi(http=pools.http, organization=new_organization(), store=pools.store)
    created = await own.create(description="x" * 80_000)
    collection = pools.store.collection("organizations", own.organization.id, "pools")
    stored = collection.document(created["id"]).get().to_dict()
    assert stored is not None
    for _ in range(5):
        batch = pools.store.batch()
        for pool_id in (str(uuid7()) for _ in range(90)):
            batch.set(collection.document(pool_id), stored | {"id": pool_id})
        batch.commit()

    rejected = await own.call("GET", "/v1/pools?limit=1000")
    fewer = await own.call("GET", "/v1/pools?limit=200")

    message = "The pools are too large for one page: ask for fewer"
    invalid(rejected, (("query", "limit"), message, "too_large"))
    assert (len(fewer.json()["items"]), fewer.json()["total"]) == (200, 451)
