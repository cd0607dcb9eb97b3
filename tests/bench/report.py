"""The report of a run: Markdown that is also readable in a terminal, and JSON."""

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tests.bench.measured import Comparison, Measured, Side
from tests.bench.run import Plan
from tests.bench.targets import Target
from tests.meter import counted

BAR = 40
WHOLE = 0.98  # the sizes of responses differ a little, for example by the number of machines in a pool
MIB = 2**20

Row = Sequence[str]


def as_json(plan: Plan, measured: Sequence[Measured], held: Sequence[Target]) -> dict[str, Any]:
    """Return all figures: times in milliseconds, memory in bytes."""
    return {
        "machine": {
            "cpus": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "seconds": plan.seconds,
        "rounds": plan.rounds,
        "calls": [
            {
                "name": each.call.name,
                "target": each.call.target,
                "rpcs": each.cost.rpcs,
                "billed": each.cost.billed,
                "comparisons": [_comparison(comparison) for comparison in each.comparisons],
            }
            for each in measured
        ],
        "targets": [
            {"wanted": target.wanted, "measured": target.measured, "holds": target.holds} for target in held
        ],
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "connections": comparison.connections,
        "throughput_ratio": comparison.throughput_ratio,
        "p50_ratio": comparison.p50_ratio,
        "cpu_ratio": comparison.cpu_ratio,
        "product": _side(comparison.product),
        "floor": _side(comparison.floor),
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "requests": len(side.latencies),
        "unavailable": side.unavailable,
        "throughput": side.throughput,
        "p50": side.percentile(50),
        "p95": side.percentile(95),
        "p99": side.percentile(99),
        "cpu_milliseconds": side.cpu_milliseconds,
        "peak_memory": side.peak_memory,
        "slices": [each.throughput for each in side.slices],
    }


def as_markdown(measured: Sequence[Measured], held: Sequence[Target]) -> str:
    """Format the tables: the measurements, the costs of a request, and the targets."""
    speed = [_speed(each, comparison) for each in measured for comparison in each.comparisons]
    costs = [(each.call.name, counted(each.cost.rpcs), counted(each.cost.billed)) for each in measured]
    verdicts = [(target.wanted, target.measured, "holds" if target.holds else "MISSED") for target in held]
    tables = (
        _table(SPEED, speed, right=range(1, len(SPEED))),
        _table(("call", "RPCs before the answer", "billed"), costs),
        _table(("target", "measured", ""), verdicts),
    )
    return "\n\n".join(["\n".join(table) for table in tables] + list(_doubts(measured)))


def _doubts(measured: Sequence[Measured]) -> Iterator[str]:
    """Report where the machine was too slow or busy, so that the figures are not reliable."""
    for each in measured:
        for comparison in each.comparisons:
            product, floor = comparison.product, comparison.floor
            place = f"{each.call.name}, {comparison.connections} at a time"
            if product.unavailable:
                yield f"{place}: {product.unavailable} requests exceeded their deadline and were rejected."
            if floor.unavailable:
                yield f"{place}: {floor.unavailable} transactions of the floor were aborted."
            if product.mean_size < WHOLE * floor.mean_size:
                yield f"{place}: some responses were incomplete, because their reads took too long."


SPEED = (
    "call",
    "connections",
    "per s",
    "floor",
    "ratio",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "floor p50",
    "p50 ratio",
    "CPU ms",
    "floor CPU",
    "CPU ratio",
    "peak MiB",
)


def _speed(measured: Measured, comparison: Comparison) -> Row:
    product, floor = comparison.product, comparison.floor
    return (
        measured.call.name,
        str(comparison.connections),
        f"{product.throughput:.0f}",
        f"{floor.throughput:.0f}",
        f"{comparison.throughput_ratio:.2f}",
        *(f"{product.percentile(percent):.1f}" for percent in (50, 95, 99)),
        f"{floor.percentile(50):.1f}",
        f"{comparison.p50_ratio:.2f}",
        f"{product.cpu_milliseconds:.2f}",
        f"{floor.cpu_milliseconds:.2f}",
        f"{comparison.cpu_ratio:.2f}",
        f"{product.peak_memory / MIB:.0f}",
    )


def _table(head: Row, rows: Sequence[Row], right: Iterable[int] = ()) -> Iterator[str]:
    """Format a table with columns of fixed width; columns in `right` are aligned to the right."""
    on_the_right = set(right)
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(row: Row) -> str:
        cells = (
            text.rjust(width) if number in on_the_right else text.ljust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        return f"| {' | '.join(cells)} |"

    yield line(head)
    yield line(
        [
            "-" * (width - 1) + ":" if number in on_the_right else "-" * width
            for number, width in enumerate(widths)
        ]
    )
    yield from map(line, rows)


def as_bars(measured: Sequence[Measured]) -> str:
    """Draw the product's share of the floor's throughput, and mark the target of each call."""
    width = max(len(each.call.name) for each in measured)
    lines = [f"{'':{width}}      share of the floor's throughput; | is the target"]
    for each in measured:
        for comparison in each.comparisons:
            ratio = comparison.throughput_ratio
            bar = ("#" * round(BAR * ratio))[:BAR].ljust(BAR)
            mark = round(BAR * each.call.target)
            bar = f"{bar[:mark]}|{bar[mark + 1 :]}"
            lines.append(f"{each.call.name:{width}} {comparison.connections:>3}  {bar} {ratio:.2f}")
    return "\n".join(lines)
