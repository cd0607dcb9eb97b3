"""A run: each call of the product against its floor, in short slices that alternate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import proc
from tests.bench.bench import Bench, Progress, bench
from tests.bench.calls import Call
from tests.bench.client import drive
from tests.bench.measured import Comparison, Measured, Side
from tests.bench.meter import Cost
from tests.bench.recording import record
from tests.bench.served import Served
from tests.bench.tenants import Tenant

WARM_UP_SECONDS = 0.3
CONNECTIONS = (1, 16, 64)


class UnfairError(Exception):
    """The floor does not do what the product does, so their comparison would say nothing."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured, and for how long.

    Attributes:
        calls: which calls.
        seconds: how long a slice lasts.
        rounds: how many slices of each side there are.
    """

    calls: Sequence[Call]
    seconds: float
    rounds: int


async def run(plan: Plan, folder: Path, progress: Progress) -> list[Measured]:
    """Measure all calls of a plan."""
    async with bench(folder, progress) as made:
        tenants = await made.tenants(list(dict.fromkeys(call.tenant for call in plan.calls)))
        return [await _measure(made, plan, call, tenants[call.tenant]) for call in plan.calls]


async def _measure(made: Bench, plan: Plan, call: Call, caller: Tenant) -> Measured:
    script = await record(made, call, caller)
    file = made.folder / f"{call.name}.json"
    script.save(file)
    async with made.product(call.function) as product, made.floor(file) as floor:
        made.progress(f"{call.name}: the product is process {product.worker}, its floor {floor.worker}")
        for served in (product, floor):
            await drive(served.port, call.requests(caller), connections=1, seconds=WARM_UP_SECONDS)
        costs = [await _cost(made, call, caller, served, len(script.outbox)) for served in (product, floor)]
        _require_equal(call, *costs)
        comparisons = []
        for connections in CONNECTIONS:
            comparison = Comparison(connections=connections)
            sides = [(product, comparison.product), (floor, comparison.floor)]
            for _ in range(plan.rounds):
                for served, side in sides:
                    await _measure_slice(served, side, call.requests(caller), connections, plan.seconds)
                    await caller.release(made.store)
                sides.reverse()
            comparisons.append(comparison)
            made.progress(f"{call.name}: x{comparison.throughput_ratio:.2f} at {connections} connections")
    return Measured(call=call, cost=costs[0], comparisons=comparisons)


async def _measure_slice(
    served: Served, side: Side, requests: Iterator[bytes], connections: int, seconds: float
) -> None:
    before = proc.cpu_seconds(served.worker)
    side.slices.append(await drive(served.port, requests, connections=connections, seconds=seconds))
    side.cpu_seconds += proc.cpu_seconds(served.worker) - before
    side.peak_memory = proc.peak_memory(served.worker)


async def _cost(made: Bench, call: Call, caller: Tenant, served: Served, events: int) -> Cost:
    await made.meter.quiet()
    return await made.meter.cost(served.port, next(call.requests(caller)), dropped=events)


def _require_equal(call: Call, product: Cost, floor: Cost) -> None:
    if product != floor:
        raise UnfairError(f"{call.name} costs {product}, but its floor {floor}")
