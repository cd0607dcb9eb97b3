"""`python -m tests.bench.hot_spots`: estimate the write rates of the hottest key ranges."""

import asyncio
import math
import sys

from infra import os_errors
from infra.arguments import Parser
from infra.local import topology
from infra.local.command import EmulatorError
from infra.local.firestore import indexes
from tests.bench.hot_spots.hottest import LIMIT, hottest
from tests.bench.hot_spots.ranges import Keys, Layout
from tests.bench.hot_spots.traffic import Simulation

RATE = 10_000  # registrations, or heartbeats, per second
ORGANIZATIONS = 100
EACH = 48  # simulated registrations of one organization; the last 12 are counted
ALONE = 400
HEARTBEATS = 24_000  # 250 of each shard are counted


@os_errors.in_one_line()
def main() -> None:
    """Simulate, and print the tables."""
    Parser(prog="python -m tests.bench.hot_spots", description="Find hot key ranges.").parse_args()
    try:
        declared = indexes.read(topology.DEFAULT_FILE)
    except EmulatorError as error:
        sys.exit(f"muster: {error}")
    traffic = asyncio.run(Simulation(ORGANIZATIONS, RATE).registrations(EACH * ORGANIZATIONS))
    written = sum(1 for each in traffic for _ in Keys(declared, Layout.INDEX_FIRST).of(each))
    _say(
        f"{RATE:,} registrations per second from {ORGANIZATIONS} organizations, each with a key:"
        f" {len(traffic) * RATE // (EACH * ORGANIZATIONS):,} documents and"
        f" {written * RATE // (EACH * ORGANIZATIONS):,} keys per second.\n"
    )
    seconds = EACH * ORGANIZATIONS / RATE
    _table({layout: hottest(traffic, Keys(declared, layout), seconds=seconds) for layout in Layout})
    alone = asyncio.run(Simulation(1, LIMIT).registrations(ALONE))
    _say(f"\n{LIMIT} registrations per second from one organization.\n")
    _table({layout: hottest(alone, Keys(declared, layout), seconds=ALONE / LIMIT) for layout in Layout})
    beats = asyncio.run(Simulation(ORGANIZATIONS, RATE).heartbeats(HEARTBEATS))
    _say(f"\n{RATE:,} heartbeats per second.\n")
    _table({layout: hottest(beats, Keys(declared, layout), seconds=HEARTBEATS / RATE) for layout in Layout})
    _say(f"\nThe outbox alone takes {2 * RATE:,} writes per second, to create and delete events. Firestore")
    _say(f"requires such traffic to grow by half every five minutes from {LIMIT}: {_ramp(2 * RATE)} minutes.")


def _ramp(rate: float) -> int:
    """Return the minutes that traffic takes to reach a rate, by half more every five, from the limit.

    https://cloud.google.com/firestore/native/docs/best-practices#ramping_up_traffic
    """
    return 5 * math.ceil(math.log(rate / LIMIT, 1.5))


def _table(rates: dict[Layout, dict[str, float]]) -> None:
    heads = "".join(f"{'by ' + layout.value.partition(',')[0]:>16}" for layout in Layout)
    _say(f"{'writes per second in the hottest range, of ' + str(LIMIT):<52}{heads}")
    for kind in rates[Layout.INDEX_FIRST]:
        _say(f"  {kind:<50}" + "".join(f"{_shown(rates[layout][kind]):>16}" for layout in Layout))


def _shown(rate: float) -> str:
    return "spread" if rate == 0 else f"{rate:,.0f}" + (" HOT" if rate > LIMIT else "")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
