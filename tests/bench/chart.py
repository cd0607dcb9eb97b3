"""The chart of a run as a picture."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.bench.measured import Comparison, Measured, Side
from tests.bench.targets import BUSY

THICKNESS = 0.8  # of all bars of a call together, where calls are 1 apart
PRODUCT, FLOOR, TARGET = "tab:blue", "lightgray", "tab:red"
SHADES = ("#9ecae1", "tab:blue", "#08519c")


def draw(measured: Sequence[Measured], file: Path) -> None:
    """Draw how close the product is to its floor: throughput, latency and CPU time, as a PNG file."""
    mpl.use("agg")
    figure = Figure(figsize=(16, 1.5 + 0.6 * len(measured)), layout="constrained")
    throughput, latency, cpu = figure.subplots(1, 3, sharey=True)
    _draw_ratios(throughput, measured)
    _draw_sides(latency, measured, 1, lambda side: side.percentile(50))
    latency.set_title("p50 at 1 connection, ms")
    _draw_sides(cpu, measured, BUSY, lambda side: side.cpu_milliseconds)
    cpu.set_title(f"CPU time of the function a request, ms, at {BUSY} connections")
    throughput.set_yticks(range(len(measured)), [each.call.name for each in measured])
    throughput.invert_yaxis()
    figure.savefig(file, dpi=120)


def _draw_ratios(axes: Axes, measured: Sequence[Measured]) -> None:
    levels = [comparison.connections for comparison in measured[0].comparisons]
    for number, (connections, shade) in enumerate(zip(levels, SHADES, strict=True)):
        ratios = [_at(each, connections).throughput_ratio for each in measured]
        axes.barh(
            _places(len(measured), number, len(levels)),
            ratios,
            THICKNESS / len(levels),
            color=shade,
            label=f"{connections} connections",
        )
    for place, each in enumerate(measured):
        axes.vlines(each.call.target, place - 0.5, place + 0.5, color=TARGET)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_title("Throughput, as a share of the floor's; red: the target")
    axes.legend(loc="lower right")


def _draw_sides(
    axes: Axes, measured: Sequence[Measured], connections: int, figure: Callable[[Side], float]
) -> None:
    compared = [_at(each, connections) for each in measured]
    sides = (
        ("product", PRODUCT, [figure(comparison.product) for comparison in compared]),
        ("floor", FLOOR, [figure(comparison.floor) for comparison in compared]),
    )
    for number, (label, colour, figures) in enumerate(sides):
        bars = axes.barh(_places(len(measured), number, 2), figures, THICKNESS / 2, color=colour, label=label)
        axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.legend(loc="lower right")


def _places(calls: int, number: int, bars: int) -> list[float]:
    """Tell where one of the bars of each call stands."""
    return [place + THICKNESS * ((number + 0.5) / bars - 0.5) for place in range(calls)]


def _at(measured: Measured, connections: int) -> Comparison:
    return next(each for each in measured.comparisons if each.connections == connections)
