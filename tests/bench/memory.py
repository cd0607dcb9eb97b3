"""`python -m tests.bench.memory`: measure the memory of a function's process after thousands of requests."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import uvloop

from infra import os_errors
from infra.arguments import Parser, count
from tests import proc
from tests.bench.bench import bench, tell
from tests.bench.calls import CALLS
from tests.bench.client import drive
from tests.bench.tenants import Size, Tenant, tenant

LIMIT = 110  # MB of a worker after the first lot
GROWTH = 5  # MB from the first lot of requests to the last
LOTS = 3
CONNECTIONS = 16
FLEET = Size(machines=1000)
MIX = ("registration", "registration-with-key", "get", "list-100", "lookup-by-mac", "heartbeat")
_MB = 1_000_000


async def measure(requests: int, folder: Path) -> list[int]:
    """Send lots of requests of all kinds, and return the worker's memory after each lot, in bytes."""
    after = []
    async with bench(folder, tell) as made, made.product("machines") as served:
        ports = {"machines": served.port}
        caller = await tenant("tenant", FLEET, backends=made.backends, store=made.store, ports=ports)
        mixed = _mixed(caller)
        for lot in range(1, LOTS + 1):
            tell(f"{requests:,} requests, lot {lot} of {LOTS}")
            await drive(served.port, islice(mixed, requests), connections=CONNECTIONS, seconds=600)
            await made.meter.quiet()
            after.append(proc.memory(served.worker))
    return after


def _mixed(caller: Tenant) -> Iterator[bytes]:
    calls = {call.name: call for call in CALLS}
    for each in cycle([calls[name].requests(caller) for name in MIX]):
        yield next(each)


def report(after: list[int], requests: int) -> str:
    """Format the worker's memory after each lot, and the targets."""
    lines = [
        f"{number * requests:>10,} requests {size / _MB:>8.1f} MB" for number, size in enumerate(after, 1)
    ]
    grown = (after[-1] - after[0]) / _MB
    lines.append(f"target: at most {LIMIT} MB ({_verdict(after[0] <= LIMIT * _MB)}),")
    lines.append(f"and at most {GROWTH} MB more in the end: {grown:+.1f} MB ({_verdict(grown <= GROWTH)})")
    return "\n".join(lines) + "\n"


def _verdict(is_met: bool) -> str:  # noqa: FBT001 - its only argument
    return "met" if is_met else "missed"


@os_errors.in_one_line()
def main() -> None:
    """Measure, and print the figures."""
    parser = Parser(prog="python -m tests.bench.memory", description="Measure memory.")
    parser.add_argument("--requests", type=count, default=10_000, help="number in each lot (default: 10,000)")
    requests: int = parser.parse_args().requests
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        after = runner.run(measure(requests, Path(folder)))
    sys.stdout.write(report(after, requests))


if __name__ == "__main__":
    main()
