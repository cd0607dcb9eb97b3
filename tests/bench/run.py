"""A run: each call of the product against its floor, in short slices that alternate."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import median

from infra.local.topology import ROOT
from tests.bench import proc
from tests.bench.calls import Call
from tests.bench.client import Slice, ask, drive
from tests.bench.recorder import Recorder, recorded
from tests.bench.script import Script, given_ids, ids_in, write_script
from tests.bench.served import Backends, Served, Source, archive, emulators, serve

WARM_UP_SECONDS = 0.3
FLOOR = Source(file=Path(__file__).parent / "floor.py", entry_point="floor", path=ROOT, environment={})


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured, and for how long.

    Attributes:
        calls: which calls.
        connections: at how many connections, one after the other.
        seconds: how long a slice lasts.
        rounds: how many slices of each side there are.
    """

    calls: Sequence[Call]
    connections: Sequence[int]
    seconds: float
    rounds: int


@dataclass
class Side:
    """The product's slices, or the floor's, at one number of connections.

    Attributes:
        slices: what the client saw, in the order of the rounds.
        cpu_seconds: what the worker took for all of them.
        peak_memory: the most that the worker had until then, in bytes.
    """

    slices: list[Slice] = field(default_factory=list)
    cpu_seconds: float = 0.0
    peak_memory: int = 0

    @property
    def throughput(self) -> float:
        """Requests a second: the median of the slices."""
        return median(each.throughput for each in self.slices)

    @property
    def cpu_milliseconds(self) -> float:
        """CPU time of the worker for each request."""
        return 1000 * self.cpu_seconds / len(self.latencies)

    @property
    def latencies(self) -> list[float]:
        """The latencies of all slices, in seconds, ascending."""
        return sorted(chain.from_iterable(each.latencies for each in self.slices))

    def percentile(self, percent: float) -> float:
        """Tell the latency that so many percent of the requests do not exceed, in milliseconds."""
        latencies = self.latencies
        return 1000 * latencies[min(len(latencies) - 1, int(len(latencies) * percent / 100))]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One call at one number of connections."""

    call: Call
    connections: int
    product: Side
    floor: Side

    @property
    def throughput_ratio(self) -> float:
        """The product's share of the floor's throughput: the median of the paired slices."""
        return median(
            product.throughput / floor.throughput
            for product, floor in zip(self.product.slices, self.floor.slices, strict=True)
        )

    @property
    def p50_ratio(self) -> float:
        """How many times the floor's median latency the product's is: the median of the paired slices."""
        return median(
            median(product.latencies) / median(floor.latencies)
            for product, floor in zip(self.product.slices, self.floor.slices, strict=True)
        )


async def run(plan: Plan, folder: Path, progress: Callable[[str], None]) -> list[Comparison]:
    """Measure all calls of a plan; logs and what is served are kept in the folder."""
    functions = archive(folder)
    log = folder / "functions.log"
    compared = []
    async with emulators(lambda name, line: progress(f"{name}: {line}")) as backends:
        for call in plan.calls:
            source = functions[call.function]
            requests = call.requests(backends.api_key)
            progress(f"{call.name}: recording the RPCs of the floor")
            script = folder / f"{call.name}.json"
            (await record(source, requests, backends, log)).save(script)
            async with AsyncExitStack() as stack:
                product = await stack.enter_async_context(serve(source, backends.environment, log))
                floor = await stack.enter_async_context(
                    serve(FLOOR, {**backends.environment, "FLOOR_SCRIPT": str(script)}, log)
                )
                for served in (product, floor):
                    await drive(served.port, requests, connections=1, seconds=WARM_UP_SECONDS)
                for connections in plan.connections:
                    progress(f"{call.name}: {connections} connections")
                    sides = {"product": (product, Side()), "floor": (floor, Side())}
                    await _compare(plan, sides, requests, connections)
                    compared.append(
                        Comparison(
                            call=call,
                            connections=connections,
                            product=sides["product"][1],
                            floor=sides["floor"][1],
                        )
                    )
    return compared


async def record(source: Source, requests: Iterator[bytes], backends: Backends, log: Path) -> Script:
    """Record what the product does for a request, as a script for the floor."""
    recorder = Recorder()
    async with recorded((backends.firestore, backends.pubsub), recorder) as (firestore, pubsub):
        hosts = {"FIRESTORE_EMULATOR_HOST": firestore, "PUBSUB_EMULATOR_HOST": pubsub}
        async with serve(source, {**backends.environment, **hosts}, log) as served:
            await ask(served.port, next(requests))  # from now on the caller's key is known
            seen = []
            for _ in range(2):
                recorder.rpcs.clear()
                sent = next(requests)
                answer = await ask(served.port, sent)
                seen.append((sent, answer, recorder.stages()))
    (_, _, before), (sent, answer, stages) = seen
    constant = set.intersection(*(ids_in([*chain.from_iterable(each)]) for each in (before, stages)))
    head, _, body = sent.partition(b"\r\n\r\n")
    answer_head, _, answer_body = answer.partition(b"\r\n\r\n")
    status, content_type = _read_head(answer_head)
    path = head.split(b" ", 2)[1]
    return write_script(
        stages,
        given=given_ids(path.partition(b"?")[0], body),
        constant=constant,
        answer=(status, content_type, len(answer_body)),
    )


def _read_head(head: bytes) -> tuple[int, str]:
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(lines[0].split(" ")[1]), headers["content-type"]


async def _compare(
    plan: Plan,
    sides: Mapping[str, tuple[Served, Side]],
    requests: Iterator[bytes],
    connections: int,
) -> None:
    order = list(sides.values())
    for _ in range(plan.rounds):
        for served, side in order:
            before = proc.cpu_seconds(served.worker)
            side.slices.append(
                await drive(served.port, requests, connections=connections, seconds=plan.seconds)
            )
            side.cpu_seconds += proc.cpu_seconds(served.worker) - before
            side.peak_memory = proc.peak_memory(served.worker)
        order.reverse()
