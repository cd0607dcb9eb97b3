"""Draw the chart of a run."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.bench.measured import Comparison, Measured
from tests.bench.targets import P50_RATIO

THICKNESS = 0.8  # the height of all bars of a call together; calls are 1 apart
SHADES = ("#9ecae1", "#4292c6", "#08519c")
TARGET = "tab:red"


def draw(measured: Sequence[Measured], file: Path) -> None:
    """Draw the product's throughput, latency and CPU time as multiples of the floor's, as a PNG file."""
    figure = Figure(figsize=(17, 1.6 + 0.7 * len(measured)), dpi=120, layout="constrained")
    throughput, latency, cpu = figure.subplots(1, 3, sharey=True)
    _draw_bars(
        throughput,
        "Requests per second",
        measured,
        lambda each: (each.throughput_ratio, f"{each.product.throughput:.0f}"),
    )
    _draw_bars(
        latency,
        "Latency, p50 in ms",
        measured,
        lambda each: (each.p50_ratio, f"{each.product.percentile(50):.1f}"),
    )
    _draw_bars(
        cpu,
        "CPU time per request in ms",
        measured,
        lambda each: (each.cpu_ratio, f"{each.product.cpu_milliseconds:.2f}"),
    )
    for place, each in enumerate(measured):
        throughput.vlines(each.call.target, place - 0.5, place + 0.5, color=TARGET)
        latency.vlines(P50_RATIO, place - 0.5, place + 0.5, color=TARGET)
    throughput.set_yticks(range(len(measured)), [each.call.name for each in measured])
    throughput.invert_yaxis()
    handles, labels = throughput.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles))
    figure.suptitle("Bars: multiples of the floor (1). Figures: the product. Red: the target")
    figure.savefig(file)


def _draw_bars(
    axes: Axes,
    title: str,
    measured: Sequence[Measured],
    figures: Callable[[Comparison], tuple[float, str]],
) -> None:
    levels = [comparison.connections for comparison in measured[0].comparisons]
    thickness = THICKNESS / len(levels)
    for number, (connections, shade) in enumerate(zip(levels, SHADES, strict=True)):
        shown = [figures(each.comparisons[number]) for each in measured]
        places = [place - THICKNESS / 2 + (number + 0.5) * thickness for place in range(len(measured))]
        label = f"{connections} connection{'s' if connections > 1 else ''}"
        bars = axes.barh(places, [ratio for ratio, _ in shown], thickness, color=shade, label=label)
        axes.bar_label(bars, [text for _, text in shown], padding=3, fontsize=7)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.margins(x=0.12)
    axes.set_title(title)
