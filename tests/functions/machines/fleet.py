"""A fleet of machines, stored by the product's own code, and the expected results of lists."""

import asyncio
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any
from uuid import UUID

import pytest

from shared.domain import machine_ids
from shared.domain.deadline import Deadline
from shared.domain.machine_filter import LabelSelector
from shared.pb.inventory.v1.machine_pb2 import CPU, NIC, Drive, Machine, MachineStatus, MemoryModule
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store import paths, writes
from shared.store.firestore import Firestore
from shared.store.machines import create_machine
from tests.stack import RunningStack

START = datetime(2024, 1, 1, tzinfo=UTC)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
A_COMMIT = 200
AT_ONCE = 4
STATUSES = (
    MachineStatus.MACHINE_STATUS_CONNECTED,
    MachineStatus.MACHINE_STATUS_DISCONNECTED,
    MachineStatus.MACHINE_STATUS_ERROR,
)


def make(organization_id: str, size: int, *, pools: Sequence[str] = (), seed: int = 0) -> list[Machine]:
    """Make machines, registered one per minute, in random order."""
    rng = random.Random(seed)  # noqa: S311 - not a secret
    machines = [_machine(rng, organization_id, number, pools) for number in range(size)]
    rng.shuffle(machines)
    return machines


def _machine(rng: random.Random, organization_id: str, number: int, pools: Sequence[str]) -> Machine:
    registered = START + timedelta(minutes=number)
    rack, slot = number % 40, number // 40
    machine = Machine(
        id=_id(rng, registered),
        organization_id=organization_id,
        version=1,
        unkey_key_id="key",
        status=rng.choice(STATUSES),
        is_available=True,
        alerts_enabled=True,
        cpus=[CPU(manufacturer="Example", clock_frequency=3_000_000_000, cores=32)],
        memory_modules=[MemoryModule(size=2**35)] * 2,
        nics=[NIC(mac=bytes([2, *rng.randbytes(5)]).hex(":"))],
        drives=[Drive(capacity=2**40)],
        pool_ids=[pool for pool in pools if rng.random() < 1 / 3],
        labels={key: rng.choice(values) for key, values in LABELS.items() if rng.random() < 2 / 3},
    )
    if rng.random() < 0.9:
        machine.name = f"Node-{slot:02}-{rng.choice('ab')}"
        machine.hostname = f"node-{slot:02}.rack-{rack:02}.example.com"
    machine.created_at.FromDatetime(registered)
    machine.updated_at.FromDatetime(registered)
    machine.last_seen.FromDatetime(NEVER)  # so that the sweep does not disconnect it
    return machine


LABELS = {"tier": ("db", "web"), "example.com/rack": ("r1", "r2", "r3"), "spot": ("",)}


def _id(rng: random.Random, time: datetime) -> str:
    first = UUID(machine_ids.first_since(time)).int
    variant, version = 0b10 << 62, 7 << 76
    return str(UUID(int=first + version + variant + rng.getrandbits(62)))


async def store(stack: RunningStack, machines: Iterable[Machine]) -> None:
    """Store machines."""
    firestore = _firestore(stack)
    remaining = iter(machines)

    async def write() -> None:
        while batch := [create_machine(firestore, machine) for machine in islice(remaining, A_COMMIT)]:
            await firestore.commit(batch, Deadline(60))

    await asyncio.gather(*(write() for _ in range(AT_ONCE)))


async def store_pools(stack: RunningStack, organization_id: str, pool_ids: Iterable[str]) -> None:
    """Store pools."""
    firestore = _firestore(stack)
    pools = [Pool(id=pool_id, organization_id=organization_id, name="pool") for pool_id in pool_ids]
    names = [firestore.name(paths.pool(organization_id, pool.id)) for pool in pools]
    await firestore.commit(
        [writes.create(name, pool) for name, pool in zip(names, pools, strict=True)], Deadline(10)
    )


def _firestore(stack: RunningStack) -> Firestore:
    firestore = Firestore(stack.project, "(default)")
    # Clients read the variable when they are created. Stacks that tests start must not inherit it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", stack.firestore_emulator_host)
        _ = firestore._rpcs
    return firestore


Parameters = tuple[tuple[str, str], ...]
FILTERS = ("search", "name", "status", "created_at_from", "created_at_to", "pool_id", "label")


@dataclass(frozen=True)
class ListQuery:
    """The parameters of a list, and the expected machines."""

    parameters: Parameters

    def expected_ids(self, machines: Iterable[Machine]) -> list[str]:
        """Return the ids of the machines that meet all conditions, newest first."""
        found = [machine.id for machine in machines if all(self._conditions(machine))]
        return sorted(found, reverse=True)

    def _conditions(self, machine: Machine) -> Iterator[bool]:
        created = machine.created_at.ToDatetime(UTC)
        for name, value in self.parameters:
            match name:
                case "search":
                    texts = (machine.id, machine.name, machine.hostname)
                    yield any(value.lower() in text.lower() for text in texts)
                case "name":
                    yield machine.name == value and machine.HasField("name")
                case "status":
                    yield MachineStatus.Name(machine.status) == f"MACHINE_STATUS_{value.upper()}"
                case "pool_id":
                    yield value in machine.pool_ids
                case "created_at_from":
                    yield created >= datetime.fromisoformat(value)
                case "created_at_to":
                    yield created <= datetime.fromisoformat(value)
                case "label":
                    yield selector(value).accepts(machine.labels)
                case _:
                    raise NotImplementedError(f"no condition for the filter {name}")


def selector(text: str) -> LabelSelector:
    """Parse a valid label selector."""
    key, equals, value = text.removeprefix("!").partition("=")
    return LabelSelector(key=key, value=value if equals else None, absent=text.startswith("!"))


def list_queries(machines: Sequence[Machine], pools: Sequence[str], *, seed: int) -> Iterator[ListQuery]:
    """Yield a query for every combination of parameters; some values match machines, others do not."""
    rng = random.Random(seed)  # noqa: S311 - not a secret
    for number in range(2 ** len(FILTERS)):
        model = rng.choice(machines)
        chosen = [name for bit, name in enumerate(FILTERS) if number >> bit & 1]
        yield ListQuery(tuple(chain.from_iterable(_parameters(rng, name, model, pools) for name in chosen)))


def _parameters(
    rng: random.Random, name: str, model: Machine, pools: Sequence[str]
) -> Iterator[tuple[str, str]]:
    created = model.created_at.ToDatetime(UTC)
    match name:
        case "search":
            text = rng.choice([model.id, model.name or "node", model.hostname or "rack"])
            start = rng.randrange(len(text))
            yield (
                "search",
                rng.choice([str.upper, str.lower])(text[start : rng.randint(start + 1, len(text))]),
            )
        case "name":
            yield "name", model.name
        case "status":
            yield "status", MachineStatus.Name(model.status).removeprefix("MACHINE_STATUS_").lower()
        case "created_at_from":
            yield "created_at_from", (created - timedelta(minutes=rng.choice([0, 50]))).isoformat()
        case "created_at_to":
            yield "created_at_to", (created + timedelta(minutes=rng.choice([0, 50]))).isoformat()
        case "pool_id":
            yield "pool_id", rng.choice(list(model.pool_ids) or list(pools))
        case "label":
            for key, values in rng.sample(sorted(LABELS.items()), rng.randint(1, 3)):
                yield "label", rng.choice([key, f"!{key}", *(f"{key}={value}" for value in values)])
        case _:
            raise NotImplementedError(f"no values for the filter {name}")


def ids(response: dict[str, Any]) -> list[str]:
    """Return the ids of the machines in a page of either family."""
    return [machine["id"] for machine in response["items" if "items" in response else "machines"]]
