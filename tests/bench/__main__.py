"""`python -m tests.bench`, or `make bench`: how close the product is to what the wire allows."""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

# Functions are started beside gRPC calls: gRPC would warn of the fork, though another program runs after it. It
# looks when it is imported.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

import uvloop

from tests.bench.calls import CALLS
from tests.bench.measured import Comparison, Measured
from tests.bench.run import Plan, run

NAMES = [call.name for call in CALLS]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measure it against its floor."
    )
    parser.add_argument("--only", action="append", choices=NAMES, metavar="CALL", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=float, default=0.8, help="how long a slice lasts (default: 0.8)")
    parser.add_argument("--rounds", type=int, default=5, help="slices of each side (default: 5)")
    parser.add_argument("--connections", type=int, action="append", help="default: 1, 16 and 64")
    arguments = parser.parse_args()
    plan = Plan(
        calls=[call for call in CALLS if call.name in (arguments.only or NAMES)],
        connections=arguments.connections or (1, 16, 64),
        seconds=arguments.seconds,
        rounds=arguments.rounds,
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        measured = runner.run(run(plan, Path(folder), _progress))
    for call in measured:
        for each in call.comparisons:
            sys.stdout.write(_line(call, each) + "\n")
        sys.stdout.write(f"    {dict(call.cost.rpcs)} {dict(call.cost.billed)}\n")


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _line(call: Measured, each: Comparison) -> str:
    sides = "  ".join(
        f"{name} {side.throughput:7.0f}/s p50 {side.percentile(50):7.2f} p95 {side.percentile(95):7.2f}"
        f" p99 {side.percentile(99):7.2f} ms CPU {side.cpu_milliseconds:6.3f} ms"
        for name, side in (("product", each.product), ("floor", each.floor))
    )
    return (
        f"{call.call.name:<20} {each.connections:>3}  {sides}"
        f"  throughput x{each.throughput_ratio:.2f}  p50 x{each.p50_ratio:.2f}"
    )


if __name__ == "__main__":
    main()
