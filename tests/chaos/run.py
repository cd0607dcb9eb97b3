"""One run: start a stack that keeps its data, run clients, cause failures, then check data and events."""

import asyncio
import os
import random
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from google.cloud import firestore, pubsub

from shared.pb.inventory.v1.events_pb2 import MachineUpdated
from shared.pb.inventory.v1.machine_pb2 import MachineStatus
from tests.chaos import checks
from tests.chaos.client import Client, Ledger, Sent
from tests.chaos.disturbances import SCHEDULED, Disturbances
from tests.chaos.operations import OPERATIONS, Actor, Fleet
from tests.emulators.pubsub.pulling import acknowledge, pull_now
from tests.event_log import TOPICS, EventLog, Payload
from tests.plain_http import NO_AUTHORITIES
from tests.stack import StackProcess, changed_topology, organization

ORGANIZATIONS = 3
MAX_REPLAYS = 300
REPLAYS_A_SECOND = 6
REPLAYS_AT_ONCE = 16
# The relay publishes events after ten seconds, and a failed push is retried after a minute at most.
SETTLED_AFTER = 120.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The parameters of a run.

    Attributes:
        seed: the seed of all random choices. Timing also varies, so a run is only roughly reproducible.
        seconds: the duration of the failures.
        clients: the number of concurrent clients.
        kills: the approximate number of processes to kill.
    """

    seed: int
    seconds: float
    clients: int = 32
    kills: int = 60

    def chance(self, purpose: str) -> random.Random:
        """Return the random generator for one part of the run."""
        return random.Random(f"{self.seed} {purpose}")  # noqa: S311 - not a secret


@dataclass
class Outcome:
    """The results of a run."""

    plan: Plan
    ledger: Ledger
    disturbances: Disturbances
    faults: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)


def run(plan: Plan, folder: Path) -> Outcome:
    """Run a stack in a folder, cause failures, and check the data and events."""
    with _stack(folder) as stack:
        running = stack.running()
        os.environ["FIRESTORE_EMULATOR_HOST"] = running.firestore_emulator_host
        os.environ["PUBSUB_EMULATOR_HOST"] = running.pubsub_emulator_host
        try:
            return asyncio.run(_run(plan, stack.state, running.project))
        finally:
            del os.environ["FIRESTORE_EMULATOR_HOST"], os.environ["PUBSUB_EMULATOR_HOST"]
            (folder / "stack.log").write_text(stack.output)


@contextmanager
def _stack(folder: Path) -> Iterator[StackProcess]:
    options = ("--data", str(folder / "data"), "--topology", str(changed_topology(folder, _forget_soon)))
    stack = StackProcess(folder / "state", options)
    try:
        yield stack
    finally:
        stack.stop()


def _forget_soon(topology: dict[str, Any]) -> None:
    """Disconnect silent machines after 2 seconds, and only in sweeps that the run requests."""
    topology["functions"]["heartbeat_sweep"]["environment"]["DISCONNECT_AFTER_SECONDS"] = "2"
    topology["schedules"] = {}


async def _run(plan: Plan, state: Path, project: str) -> Outcome:
    store = firestore.Client(project=project)
    subscriber = pubsub.SubscriberClient()
    subscriptions = _subscribe(subscriber, project)
    disturbances = Disturbances(state, plan.chance("disturbances"))
    outcome = Outcome(plan, Ledger(), disturbances)
    async with _actors(plan, disturbances.stack()["gateway"], store, outcome.ledger) as actors:
        async with disturbances.disturbing(
            seconds_between_kills=plan.seconds / plan.kills, seconds_between_faults=0.12
        ):
            await _work(actors, plan.seconds)
        await _settle(store, disturbances)
        log = _receive(subscriber, subscriptions, outcome)
        outcome.faults += outcome.ledger.complaints
        outcome.faults += checks.faults(store, log, outcome.ledger.sent)
        outcome.faults += await _replay_faults(actors, outcome, plan.chance("replays"))
        store.close()  # type: ignore[no-untyped-call] # the library annotates it in part
        subscriber.close()
    return outcome


@asynccontextmanager
async def _actors(
    plan: Plan, gateway: str, store: firestore.Client, ledger: Ledger
) -> AsyncIterator[list[Actor]]:
    """Create the clients, each with its own connections: httpx searches its whole pool for every request."""
    fleets = [(organization(store, f"chaos-{uuid.uuid4()}").headers, Fleet()) for _ in range(ORGANIZATIONS)]
    async with AsyncExitStack() as stack:
        actors = []
        for number in range(plan.clients):
            headers, fleet = fleets[number % ORGANIZATIONS]
            name = f"{plan.seed}-{number}"
            http = await stack.enter_async_context(
                httpx.AsyncClient(base_url=gateway, timeout=30, verify=NO_AUTHORITIES)
            )
            client = Client(http, headers, ledger, plan.chance(name), name)
            actors.append(Actor(client, fleet, number))
        yield actors


async def _work(actors: list[Actor], seconds: float) -> None:
    end = time.monotonic() + seconds

    async def work(actor: Actor) -> None:
        while time.monotonic() < end:
            [operation] = actor.chance.choices(list(OPERATIONS), list(OPERATIONS.values()))
            await operation(actor)

    async with asyncio.TaskGroup() as tasks:
        for actor in actors:
            tasks.create_task(work(actor))


async def _settle(store: firestore.Client, disturbances: Disturbances) -> None:
    """Call the relay and the sweep until the outbox is empty and deleted pools have no members."""
    end = time.monotonic() + SETTLED_AFTER
    async with httpx.AsyncClient(timeout=60, verify=NO_AUTHORITIES) as http:
        while time.monotonic() < end:
            for name in SCHEDULED:
                await http.post(disturbances.stack()["functions"][name])
            if not [*store.collection("outbox").stream(), *checks.membership_faults(store)]:
                return
            await asyncio.sleep(1)


def _subscribe(subscriber: pubsub.SubscriberClient, project: str) -> dict[str, str]:
    subscriptions = {topic: f"projects/{project}/subscriptions/chaos-{topic}" for topic in TOPICS}
    for topic, subscription in subscriptions.items():
        subscriber.create_subscription(name=subscription, topic=f"projects/{project}/topics/{topic}")
    return subscriptions


def _receive(
    subscriber: pubsub.SubscriberClient, subscriptions: dict[str, str], outcome: Outcome
) -> EventLog:
    """Receive all published events."""
    log = EventLog()
    repeats = 0
    for topic, subscription in subscriptions.items():
        while received := pull_now(subscriber, subscription):
            acknowledge(subscriber, subscription, received)
            for one in received:
                repeats += log.add(topic, one.message.attributes, one.message.data)
    outcome.figures |= {
        "events": len(log.events()),
        "repeats": repeats,
        "disconnections": sum(_is_disconnection(event.message) for event in log.events()),
    }
    return log


def _is_disconnection(message: Payload) -> bool:
    """Return whether an event is from the sweep, because no client here sets a machine to disconnected."""
    return isinstance(message, MachineUpdated) and (
        message.before.status != message.after.status == MachineStatus.MACHINE_STATUS_DISCONNECTED
    )


async def _replay_faults(actors: list[Actor], outcome: Outcome, chance: random.Random) -> list[str]:
    """Repeat some acknowledged changes with their keys, and return those whose responses differ."""
    by_prefix = {f"key-{actor.client.name}-": actor for actor in actors}
    repeatable = [
        sent
        for sent in outcome.ledger.sent
        if sent.key and sent.response is not None and sent.response.is_success
    ]
    wanted = min(MAX_REPLAYS, round(outcome.plan.seconds * REPLAYS_A_SECOND))
    sample = chance.sample(repeatable, min(wanted, len(repeatable)))
    outcome.figures["replays"] = len(sample)
    at_once = asyncio.Semaphore(REPLAYS_AT_ONCE)

    async def fault(sent: Sent) -> str | None:
        assert sent.key is not None
        assert sent.response is not None
        client = by_prefix[sent.key.rpartition("-")[0] + "-"].client
        async with at_once:
            again = await client.replay(sent)
        is_replayed = again.headers.get("Idempotent-Replayed") == "true"
        if is_replayed and _lasting(again) == _lasting(sent.response):
            return None
        return (
            f"replay: {sent.change.operation} {sent.change.path} was {sent.response.status_code}"
            f" {sent.response.text[:300]} and is {again.status_code} {again.text[:300]}"
        )

    found = await asyncio.gather(*(fault(sent) for sent in sample))
    return [one for one in found if one is not None]


def _lasting(response: httpx.Response) -> tuple[int, object]:
    """Return what a replay repeats: everything except fields that are as of now."""
    content = response.json() if response.content else {}
    shown_as_now = {"machine_count", "machines", "included"}
    return response.status_code, {name: content[name] for name in content if name not in shown_as_now}
