"""Concurrent clients make random requests, and one order of events explains every response."""

import asyncio
import os
import queue
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import httpx
import pytest
from google.cloud.pubsub import SubscriberClient
from google.cloud.pubsub_v1.subscriber.message import Message

from tests.event_log import TOPICS, messages
from tests.functions.pools.api import Json, PoolsApi
from tests.functions.pools.history import History, State
from tests.stack import RunningStack

OPERATIONS = int(os.environ.get("POOL_OPERATIONS", "320"))
SEED = int(os.environ.get("POOL_SEED", "0")) or random.randrange(1, 10**6)  # noqa: S311 - not a secret
CLIENTS = 16
Events = queue.Queue[Message]
TIMEOUT = 30.0

Claim = Callable[[State], bool]


@dataclass(frozen=True)
class Exchange:
    """A request, with its response and a claim that was true at some time during the request."""

    start: datetime
    end: datetime
    response: httpx.Response
    claim: Claim


@pytest.fixture
def events(stack: RunningStack, pools: PoolsApi, subscriber: SubscriberClient) -> Iterator[Events]:
    """Subscribe to all events of the organization."""
    with messages(subscriber, stack.project, pools.organization.id, *TOPICS) as received:
        yield received


@dataclass
class World:
    """The clients' knowledge, and their responses."""

    api: PoolsApi
    random: random.Random
    machines: list[str] = field(default_factory=list)
    pools: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    async def act(self) -> None:
        """Make a random call."""
        acts: dict[Callable[[], Awaitable[None]], int] = {
            self.create_pool: 2,
            self.rename_pool: 1,
            self.delete_pool: 1,
            self.register: 3,
            self.rename: 2,
            self.delete: 1,
            self.add: 10,
            self.remove: 5,
            self.replace: 5,
        }
        [act] = self.random.choices(list(acts), list(acts.values()))
        await act()

    async def create_pool(self) -> None:
        """Create a pool."""
        self.pools.append((await self.api.create())["id"])

    async def rename_pool(self) -> None:
        """Rename a pool."""
        pool_id, name = self.random.choice(self.pools), str(self.random.random())
        await self.call("PATCH", f"/v1/pools/{pool_id}", {"name": name}, lambda state: pool_id in state.pools)

    async def delete_pool(self) -> None:
        """Delete a pool."""
        pool_id = self.random.choice(self.pools)
        await self.call("DELETE", f"/v1/pools/{pool_id}", None, lambda state: pool_id not in state.pools)

    async def register(self) -> None:
        """Register a machine."""
        self.machines.append(await self.api.register())

    async def rename(self) -> None:
        """Rename a machine."""
        machine_id = self.random.choice(self.machines)
        await self.call(
            "PATCH",
            f"/v1/machines/{machine_id}",
            {"name": str(self.random.random())},
            lambda state: machine_id in state.machines,
        )

    async def delete(self) -> None:
        """Delete a machine."""
        machine_id = self.random.choice(self.machines)
        await self.call(
            "DELETE", f"/v1/machines/{machine_id}", None, lambda state: machine_id not in state.machines
        )

    async def add(self) -> None:
        """Add some machines to a pool."""
        pool_id, machine_ids = self.some()
        added = await self.call(
            "POST",
            f"/v1/pools/{pool_id}/machines",
            {"machine_ids": machine_ids},
            lambda state: set(machine_ids) <= state.members.get(pool_id, frozenset()),
        )
        if added.response.is_success:
            count = added.response.json()["machine_count"]
            # While a deleted pool's members are being cleaned up, any number is correct.
            self.exchanges.append(
                replace(added, claim=lambda state: len(state.members.get(pool_id, range(count))) == count)
            )

    async def remove(self) -> None:
        """Remove some machines from a pool."""
        pool_id, machine_ids = self.some()
        await self.call(
            "DELETE",
            f"/v1/pools/{pool_id}/machines",
            {"machine_ids": machine_ids},
            lambda state: pool_id in state.pools and not set(machine_ids) & state.members[pool_id],
        )

    async def replace(self) -> None:
        """Set the pools of a machine."""
        machine_id = self.random.choice(self.machines)
        pool_ids = self.random.sample(self.pools, min(len(self.pools), self.random.randrange(3)))
        await self.call(
            "PUT",
            f"/v1/machines/{machine_id}/pools",
            {"pool_ids": pool_ids},
            lambda state: machine_id in state.machines and state.pools_of(machine_id) == set(pool_ids),
        )

    def some(self) -> tuple[str, list[str]]:
        """Choose a pool and some machines."""
        count = min(len(self.machines), self.random.randrange(1, 5))
        return self.random.choice(self.pools), self.random.sample(self.machines, count)

    async def call(self, method: str, path: str, body: Json | None, success: Claim) -> Exchange:
        """Make a call, and record its claim: its effect, or the absence of what a 404 contains."""
        start = datetime.now(UTC)
        response = await self.api.call(method, path, body)
        assert response.is_success or response.status_code == 404, response.text
        claim = success if response.is_success else _absence(response.json(), body or {})
        exchange = Exchange(start, datetime.now(UTC), response, claim)
        self.exchanges.append(exchange)
        return exchange


def _absence(problem: Json, body: Json) -> Claim:
    """Return the claim of a 404: one thing is missing, or exactly these of several."""
    match problem:
        case {"pool_id": pool_id}:
            return lambda state: pool_id not in state.pools
        case {"machine_id": machine_id}:
            return lambda state: machine_id not in state.machines
        case {"pool_ids": missing}:
            return lambda state: {one for one in body["pool_ids"] if one not in state.pools} == set(missing)
        case {"machine_ids": missing}:
            return lambda state: (
                {one for one in body["machine_ids"] if one not in state.machines} == set(missing)
            )
    raise AssertionError(problem)


async def test_every_response_is_explained_by_one_order_of_events(pools: PoolsApi, events: Events) -> None:
    print(f"POOL_SEED={SEED}")  # noqa: T201 - shown when the test fails
    world = World(pools, random.Random(SEED))  # noqa: S311 - not a secret
    for _ in range(CLIENTS):
        await world.register()
    for _ in range(4):
        await world.create_pool()

    async def client() -> None:
        for _ in range(OPERATIONS // CLIENTS):
            await world.act()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))

    history = await complete(pools, events)
    for exchange in world.exchanges:
        request = exchange.response.request
        assert history.explains(exchange.start, exchange.end, exchange.claim), (
            f"{request.method} {request.url} {request.content!r}: {exchange.response.text[:300]}"
        )
    for pool_id in history.last.pools:
        assert (await pools.get(pool_id))["machine_count"] == len(history.last.members[pool_id])
    deletions = [
        exchange.response.request.url.path
        for exchange in world.exchanges
        if exchange.response.request.method == "DELETE"
        and exchange.response.is_success
        and not exchange.response.request.url.path.endswith("/machines")
    ]
    assert sorted(set(deletions)) == sorted(deletions)


async def complete(pools: PoolsApi, events: Events) -> History:
    """Wait until all events have arrived and deleted pools are cleaned up, so that both agree."""
    received: list[Message] = []
    last: AssertionError | KeyError | None = None
    for _ in range(int(TIMEOUT / 0.25)):
        while not events.empty():
            received.append(events.get())
        try:
            history = History.of(received)
            assert stored(pools) == history.last
        except (AssertionError, KeyError) as error:
            last = error  # events arrive in any order, and some do not fit until all have arrived
            await asyncio.sleep(0.25)
        else:
            return history
    raise AssertionError("the events do not match the stored data") from last


def stored(pools: PoolsApi) -> State:
    """Read the inventory from the database, including deleted pools that machines still contain."""
    machines = {document.id: document.to_dict() or {} for document in pools.machines().stream()}
    pool_documents = pools.store.collection("organizations", pools.organization.id, "pools").stream()
    versions = {document.id: (document.to_dict() or {})["version"] for document in pool_documents}
    members: dict[str, set[str]] = {pool_id: set() for pool_id in versions}
    for machine_id, machine in machines.items():
        for pool_id in machine["pool_ids"]:
            members.setdefault(pool_id, set()).add(machine_id)
    return State(
        {machine_id: machine["version"] for machine_id, machine in machines.items()},
        versions,
        {pool_id: frozenset(ids) for pool_id, ids in members.items()},
    )
