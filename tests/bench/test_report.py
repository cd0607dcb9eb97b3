"""The report of a run: ratios of pairs, targets and tables."""

import json
from collections import Counter
from dataclasses import replace

from tests.bench.calls import CALLS
from tests.bench.client import Slice
from tests.bench.measured import Comparison, Measured, Side
from tests.bench.report import as_bars, as_json, as_markdown
from tests.bench.run import Plan
from tests.bench.targets import Target, targets
from tests.meter import Cost

REGISTRATION = CALLS[0]
COST = Cost(rpcs=Counter(Commit=1, Publish=1), billed=Counter(writes=3, deletes=1, published=1))


def a_side(*throughputs: int, cpu_seconds: float = 1.0) -> Side:
    """Make a side whose slices took a second each."""
    slices = [
        Slice(latencies=[1 / throughput] * throughput, bytes=100 * throughput, seconds=1.0)
        for throughput in throughputs
    ]
    return Side(slices=slices, cpu_seconds=cpu_seconds, peak_memory=80 * 2**20)


def a_measurement(*, cost: Cost = COST) -> Measured:
    comparisons = [
        Comparison(connections=1, product=a_side(80, 70, 60), floor=a_side(100, 100, 100)),
        Comparison(connections=16, product=a_side(90, 40, 85), floor=a_side(100, 50, 100)),
    ]
    return Measured(call=REGISTRATION, cost=cost, comparisons=comparisons)


def verdicts(measured: Measured) -> dict[str, tuple[str, bool]]:
    """Return each target's measurement and whether it holds, by the start of its text."""
    return {
        target.wanted.partition(":")[0]: (target.measured, target.holds)
        for target in targets([measured])
        if "million" not in target.wanted and "commit" not in target.wanted
    }


def test_a_ratio_is_the_median_of_the_pairs() -> None:
    one, busy = a_measurement().comparisons

    assert one.throughput_ratio == 0.7
    assert busy.throughput_ratio == 0.85


def test_targets_are_held_against_the_ratios() -> None:
    assert verdicts(a_measurement()) == {
        "registration at 1 connection": ("1.43", False),
        "registration at 16 connections": ("0.85", True),
    }


def test_a_registration_that_reads_misses_its_target() -> None:
    reading = a_measurement(cost=replace(COST, billed=COST.billed + Counter(reads=1)))

    def held(measured: Measured) -> list[bool]:
        return [target.holds for target in targets([measured]) if "1 commit" in target.wanted]

    assert held(a_measurement()) == [True]
    assert held(reading) == [False]


def test_the_tables_say_what_was_measured_and_missed() -> None:
    missed = Target(wanted="to be quick", measured="slow", holds=False)

    tables = as_markdown([a_measurement()], [missed])

    assert "| registration |          16 |    85 |   100 |  0.85 |" in tables
    assert "Commit 1, Publish 1" in tables
    assert "| to be quick | slow     | MISSED |" in tables
    assert all(len(set(map(len, table.splitlines()))) == 1 for table in tables.split("\n\n"))


def test_what_was_too_slow_is_reported() -> None:
    measured = a_measurement()
    one, busy = measured.comparisons
    one.product.slices[0].unavailable = 3
    busy.product.slices[0].bytes = 0

    tables = as_markdown([measured], [])

    assert "registration, 1 at a time: 3 requests exceeded their deadline" in tables
    assert "registration, 16 at a time: some responses were incomplete" in tables
    assert "registration, 1 at a time: some" not in tables


def test_the_bars_show_the_target() -> None:
    assert as_bars([a_measurement()]).splitlines()[2] == (
        "registration  16  ################################|#       0.85"
    )


def test_the_figures_are_json() -> None:
    plan = Plan(calls=[REGISTRATION], seconds=1.0, rounds=3)

    figures = json.loads(json.dumps(as_json(plan, [a_measurement()], [])))

    assert figures["calls"][0]["comparisons"][1]["product"]["throughput"] == 85
