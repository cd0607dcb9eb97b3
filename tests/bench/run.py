"""A run compares each call of the product with its floor, in short slices that alternate."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from tests import proc
from tests.bench.bench import Bench, Progress, bench
from tests.bench.calls import Call
from tests.bench.client import ask, drive
from tests.bench.measured import Comparison, Measured
from tests.bench.recording import record
from tests.bench.script import save
from tests.bench.served import Served
from tests.bench.tenants import Tenant
from tests.meter import Cost

WARM_UP_SECONDS = 0.3
CONNECTIONS = (1, 16, 64)


class UnfairError(Exception):
    """The floor does not do the same as the product, so a comparison would be wrong."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The calls to measure, and for how long.

    Attributes:
        calls: the calls.
        seconds: the duration of a slice.
        rounds: the number of slices of each side.
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
    scripts = await record(made, call, caller)
    file = made.folder / f"{call.name}.json"
    save(scripts, file)
    async with AsyncExitStack() as stack:
        product, floor = await asyncio.gather(
            stack.enter_async_context(made.product(call.function)),
            stack.enter_async_context(made.floor(file)),
        )
        made.progress(f"{call.name}: the product is process {product.worker}, its floor {floor.worker}")
        pair = _Pair(made=made, call=call, caller=caller, product=product, floor=floor)
        cost = await pair.cost(len(scripts[0].outbox))
        comparisons = []
        for connections in CONNECTIONS:
            comparison = await pair.compare(plan, connections)
            made.progress(
                f"{call.name} at {connections} connections: {comparison.throughput_ratio:.2f} of the floor's"
                f" throughput, {comparison.cpu_ratio:.2f} times its CPU time"
            )
            comparisons.append(comparison)
    return Measured(call=call, cost=cost, comparisons=comparisons)


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """The product and its floor, served for one call, and the caller."""

    made: Bench
    call: Call
    caller: Tenant
    product: Served
    floor: Served

    async def cost(self, events: int) -> Cost:
        """Warm both up, and return the cost of one request.

        Raises:
            UnfairError: the costs differ.
        """
        costs = []
        for served in (self.product, self.floor):
            await drive(served.port, await self._requests(), connections=1, seconds=WARM_UP_SECONDS)
            requests = await self._requests()
            await self.made.meter.quiet()
            costs.append(await self.made.meter.cost(ask(served.port, next(requests)), dropped=events))
        product, floor = costs
        if product != floor:
            raise UnfairError(f"{self.call.name} costs {product}, but its floor {floor}")
        return product

    async def compare(self, plan: Plan, connections: int) -> Comparison:
        """Measure slices of both sides, which alternate; so does the side that is first."""
        comparison = Comparison(connections=connections)
        sides = [(self.product, comparison.product), (self.floor, comparison.floor)]
        for _ in range(plan.rounds):
            for served, side in sides:
                requests = await self._requests()
                before = proc.cpu_seconds(served.worker)
                side.slices.append(
                    await drive(served.port, requests, connections=connections, seconds=plan.seconds)
                )
                side.cpu_seconds += proc.cpu_seconds(served.worker) - before
                side.peak_memory = proc.peak_memory(served.worker)
            sides.reverse()
        return comparison

    async def _requests(self) -> Iterator[bytes]:
        """Restore the caller's original machines, and return its requests."""
        await self.caller.release(self.made.store)
        return self.call.requests(self.caller)
