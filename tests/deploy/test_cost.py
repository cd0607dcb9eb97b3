"""The costs in docs/deploy.md: the emulators count the operations, and the tables are computed from them."""

import math
import uuid
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud.pubsub import PublisherClient

from infra import ROOT, cost
from infra.cost import Operation
from infra.local import topology
from infra.local.fork_server import ForkServer
from shared.domain import events
from shared.pb.inventory.v1.events_pb2 import MachineVersion, PoolChange
from shared.pb.inventory.v1.pool_pb2 import Pool
from tests.bench.served import Backends
from tests.bench.store import Store
from tests.functions.lone_function import running_function
from tests.functions.lone_project import lone_project
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.pools.api import PoolsApi
from tests.meter import Meter
from tests.stack import RunningStack

DOCUMENT = ROOT / "docs" / "deploy.md"


@dataclass(frozen=True)
class Deployment:
    """The machines and pools functions, in a project where nothing else happens."""

    machines: MachinesApi
    pools: PoolsApi
    meter: Meter

    async def register(self, nics: int = 1, *, with_key: bool = True) -> str:
        """Register a machine, and return its id."""
        body = a_body(nics=[{"mac": a_mac()} for _ in range(nics)])
        headers = {"Idempotency-Key": uuid.uuid4().hex} if with_key else {}
        response = await self.machines.register(body, headers)
        return str(response.json()["id"])

    async def assign(self, pool_id: str, machine_ids: list[str]) -> None:
        """Add machines to a pool."""
        body = {"machine_ids": machine_ids}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        response = await self.pools.call("POST", f"/v1/pools/{pool_id}/machines", body, key)
        assert response.status_code == 200, response.text

    async def cost(self, request: Awaitable[object], *, events: int = 1) -> tuple[int, int, int]:
        """Return a request's reads, writes and deletes, including its events' deletions from the outbox."""
        await self.meter.quiet()
        billed = (await self.meter.cost(request, dropped=events)).billed
        return billed["reads"] + billed["aggregation_units"], billed["writes"], billed["deletes"]


@pytest.fixture(scope="module")
async def deployment(
    stack: RunningStack, publisher: PublisherClient, fork_server: ForkServer
) -> AsyncIterator[Deployment]:
    async with (
        lone_project(stack) as project,
        Store.at(stack.firestore_emulator_host, project.id) as store,
        running_function(fork_server, "machines", project.environment) as machines,
        running_function(fork_server, "pools", project.environment) as pools,
    ):
        for topic in topology.load(topology.DEFAULT_FILE).topics:
            publisher.create_topic(name=f"projects/{project.id}/topics/{topic}")
        yield Deployment(
            MachinesApi(http=machines.http, organization=project.organization, store=project.store),
            PoolsApi(http=pools.http, organization=project.organization, store=project.store),
            Meter(Backends.of(stack, project.id), store),
        )


def operations(operation: Operation) -> tuple[int, int, int]:
    """Return the operations that are billed at once, without the TTL's delete of the idempotency record."""
    return operation.reads, operation.writes, operation.deletes - 1


async def test_a_registration_does_what_the_table_says(deployment: Deployment) -> None:
    await deployment.register()  # now the functions have cached the caller's key

    assert operations(cost.REGISTRATION) == await deployment.cost(deployment.register(nics=2))
    plain = cost.PLAIN_REGISTRATION
    done = await deployment.cost(deployment.register(nics=1, with_key=False))
    assert (plain.reads, plain.writes, plain.deletes) == done


async def test_a_heartbeat_does_what_the_table_says(deployment: Deployment) -> None:
    path = f"/v1/machines/{await deployment.register()}"
    await deployment.machines.call("PATCH", path, {"status": "connected"})
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    heartbeat = deployment.machines.call("PATCH", path, {"last_seen": later})

    expected = cost.HEARTBEAT
    assert (expected.reads, expected.writes, expected.deletes) == await deployment.cost(heartbeat, events=0)


def test_a_million_registrations_cost_less_than_five_dollars() -> None:
    assert sum(cost.per_million(cost.PLAIN_REGISTRATION, cost.Prices()).values()) < 5


@pytest.mark.parametrize(
    ("members", "operation"), [(9, cost.ASSIGNMENT), (0, cost.BATCH)], ids=["one", "100"]
)
async def test_an_assignment_does_what_the_table_says(
    deployment: Deployment, members: int, operation: Operation
) -> None:
    count = 100 if operation is cost.BATCH else 1
    machine_ids = [await deployment.register() for _ in range(members + count)]
    pool_id = (await deployment.pools.create())["id"]
    if members:
        await deployment.assign(pool_id, machine_ids[count:])

    assignment = deployment.assign(pool_id, machine_ids[:count])
    assert operations(operation) == await deployment.cost(assignment)


@pytest.mark.parametrize(
    ("count", "operation"), [(1, cost.ASSIGNMENT), (100, cost.BATCH)], ids=["one", "100"]
)
def test_the_events_are_as_large_as_the_table_says(count: int, operation: Operation) -> None:
    """An assignment's event is billed for the publish, and for one subscription, whose filter drops it."""
    machine = str(uuid.uuid4())
    pool = Pool(id=machine, organization_id="example", name="a pool")
    versions = [MachineVersion(id=machine, version=1)] * count
    event = events.pool_changed(pool, PoolChange.POOL_CHANGE_MACHINES_ADDED, versions)

    kilobytes = math.ceil(events.outbox_entry(event, machine, attempt=0).ByteSize() / 1000)

    assert operation.kilobytes == 2 * kilobytes


def test_the_document_shows_the_tables_that_are_computed() -> None:
    tables = ("\n".join(cost.operations_table()), "\n".join(cost.table(cost.Prices())))

    assert all(table in DOCUMENT.read_text() for table in tables)


def test_the_document_says_what_an_idle_deployment_costs() -> None:
    assert f"about {cost.per_month(cost.Prices()):.0f} dollars a month" in DOCUMENT.read_text()


def test_the_document_says_what_the_heartbeats_of_a_thousand_machines_cost() -> None:
    heartbeats = 1000 * 60 * cost.HOURS_A_MONTH
    dollars = sum(cost.per_million(cost.HEARTBEAT, cost.Prices()).values()) * heartbeats / cost.MILLION

    text = " ".join(DOCUMENT.read_text().split())
    assert (
        f"A thousand machines that send one each minute cost about {round(dollars, -1):.0f} dollars a month"
        in text
    )
