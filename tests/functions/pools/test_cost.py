"""The cost of calls, by the emulators' counters: an assignment costs the same in every pool."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.bench.served import Backends
from tests.bench.store import Store
from tests.control import UNTIL_RELEASED, Control
from tests.functions.pools.api import PoolsApi, a_uuid
from tests.google_clients import firestore_client
from tests.meter import TIMEOUT, Meter
from tests.plain_http import NO_AUTHORITIES
from tests.stack import RunningStack, organization, quiet_topology, running_stack

KEY = {"Idempotency-Key": "a"}
LARGE = int(os.environ.get("POOL_MEMBERS", "1000"))  # 50000 takes a minute, and needs --timeout 1200
MEMBERS_A_UNIT = 1000


@pytest.fixture(scope="module")
def quiet_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack without schedules and subscriptions, so that only the tests cause operations."""
    folder = tmp_path_factory.mktemp("quiet")
    with running_stack(folder, "--topology", str(quiet_topology(folder))) as running:
        yield running


@dataclass(frozen=True)
class Quiet:
    """The API of a stack where nothing else happens, with the cost of calls, and the emulators' faults."""

    pools: PoolsApi
    meter: Meter
    firestore: Control
    pubsub: Control

    async def cost(self, call: Awaitable[object], *, deletes: int = 0) -> tuple[Counter[str], Counter[str]]:
        """Return a call's RPCs, including the deletion of its published events, and its billed units."""
        await self.meter.quiet()
        await self.pools.call("GET", "/v1/pools?limit=0")  # rejected; now the function has cached the key
        cost = await self.meter.cost(call, dropped=deletes)
        return cost.rpcs + cost.dropping, cost.billed


@pytest.fixture
async def quiet(quiet_stack: RunningStack) -> AsyncIterator[Quiet]:
    """The API for an organization of this test only."""
    with firestore_client(quiet_stack.firestore_emulator_host, quiet_stack.project) as store:
        async with (
            httpx.AsyncClient(base_url=quiet_stack.gateway, timeout=60, verify=NO_AUTHORITIES) as http,
            Store.at(quiet_stack.firestore_emulator_host, quiet_stack.project) as documents,
            Control.of(quiet_stack.firestore_control, quiet_stack.project) as firestore,
            Control.of(quiet_stack.pubsub_control, quiet_stack.project) as pubsub,
        ):
            mine = organization(store, f"organization-{a_uuid()}")
            pools = PoolsApi(http=http, organization=mine, store=store)
            yield Quiet(pools, Meter(Backends.of(quiet_stack), documents), firestore, pubsub)


@pytest.mark.parametrize("members", [10, LARGE])
async def test_an_assignment_costs_what_its_machines_and_its_record_cost(quiet: Quiet, members: int) -> None:
    count = 7
    pools = quiet.pools
    pool_id = (await pools.create())["id"]
    await pools.fill([pool_id], members)
    machines = await pools.register_several(count)
    assignment = pools.call("POST", f"/v1/pools/{pool_id}/machines", {"machine_ids": machines}, KEY)

    rpcs, billed = await quiet.cost(assignment, deletes=1)

    # The second commit deletes the published event.
    expected = Counter(BatchGetDocuments=1, Commit=2, Publish=1, RunAggregationQuery=1, RunQuery=1)
    assert expected == rpcs
    assert billed == Counter(
        reads=count + 1 + min(members + count, 100),
        writes=count + 2,
        deletes=1,
        aggregation_units=-(-(members + count) // MEMBERS_A_UNIT),
        published=1,
    )
    assert (await pools.get(pool_id))["machine_count"] == members + count


async def test_members_are_counted_and_read_while_the_event_is_published(quiet: Quiet) -> None:
    """Both reads arrive while the publish is delayed, and the response waits for all three."""
    pools = quiet.pools
    pool_id, machine = (await pools.create())["id"], await pools.register()
    published = await quiet.pubsub.billed("published")
    await quiet.pubsub.fail_next("Publish", delay_ms=UNTIL_RELEASED)
    for read in ("RunAggregationQuery", "RunQuery"):
        await quiet.firestore.fail_next(read, pattern=pools.organization.id, delay_ms=100)

    adding = asyncio.create_task(pools.add(pool_id, [machine]))
    async with asyncio.timeout(TIMEOUT):
        await quiet.firestore.struck()

    assert await quiet.pubsub.billed("published") == published
    await quiet.pubsub.release()
    assert (await adding)["machine_count"] == 1
    assert await quiet.pubsub.billed("published") == published + 1


async def test_a_removal_costs_what_its_machines_cost(quiet: Quiet) -> None:
    pool_id = (await quiet.pools.create())["id"]
    members = await quiet.pools.fill([pool_id], 10)

    rpcs, billed = await quiet.cost(quiet.pools.remove(pool_id, members[:4]), deletes=1)

    assert Counter(BatchGetDocuments=1, Commit=2, Publish=1) == rpcs
    assert billed == Counter(reads=5, writes=5, deletes=1, published=1)


async def test_what_changes_nothing_writes_nothing(quiet: Quiet) -> None:
    pools = quiet.pools
    pool_id = (await pools.create())["id"]
    member, free = await pools.register_several(2)
    await pools.add(pool_id, [member])

    for call in (
        pools.add(pool_id, [member]),
        pools.remove(pool_id, [free]),
        pools.update(pool_id, {"description": None}),
    ):
        rpcs, billed = await quiet.cost(call)

        assert (rpcs["Commit"], rpcs["Publish"], billed["writes"]) == (0, 0, 0)


async def test_a_list_of_pools_reads_at_most_1000_of_their_machines(quiet: Quiet) -> None:
    pool_ids = [(await quiet.pools.create())["id"] for _ in range(12)]
    await quiet.pools.fill(pool_ids, 90)

    _, billed = await quiet.cost(quiet.pools.call("GET", "/v1/pools?include=machines"))

    assert billed["reads"] == 12 + 12 * (1000 // 12)
    assert billed["aggregation_units"] == 12 + 1


async def test_small_pools_of_a_list_leave_the_large_ones_room(quiet: Quiet) -> None:
    large = (await quiet.pools.create())["id"]
    small = [(await quiet.pools.create())["id"] for _ in range(11)]
    members = await quiet.pools.fill([large, *small], 1) + await quiet.pools.fill([large], 99)

    _, billed = await quiet.cost(quiet.pools.call("GET", "/v1/pools?include=machines"))
    page = (await quiet.pools.call("GET", "/v1/pools?include=machines")).json()

    assert billed["reads"] == 12 + 11 + 100
    assert sorted(members) == sorted(machine["id"] for machine in page["included"])


async def test_16_clients_assign_machines_to_one_pool_without_aborting_each_other(quiet: Quiet) -> None:
    """No transaction is aborted and repeated."""
    clients, rounds = 16, 8
    pools = quiet.pools
    pool_id = (await pools.create())["id"]
    machines = await pools.fill([], clients * rounds)

    async def client(number: int) -> None:
        for machine in machines[number::clients]:
            await pools.add(pool_id, [machine])

    async def all_clients() -> None:
        await asyncio.gather(*(client(number) for number in range(clients)))

    rpcs, billed = await quiet.cost(all_clients(), deletes=len(machines))

    assert rpcs["BatchGetDocuments"] == len(machines)
    assert billed["writes"] == 2 * len(machines)
    assert rpcs["Rollback"] == 0
    assert (await pools.get(pool_id))["machine_count"] == len(machines)
