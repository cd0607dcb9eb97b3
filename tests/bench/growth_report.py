"""The results for growing fleets, as a table, JSON and a plot."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.meter import counted

# An exact total, as the contract requires it, costs one unit for each 1,000 counted machines.
MAY_GROW = "aggregation_units"


@dataclass(frozen=True, kw_only=True)
class Point:
    """A call in a fleet of one size.

    Attributes:
        milliseconds: the median time of a request, including the emulators' work.
        cpu_milliseconds: the function's CPU time for a request.
        rpcs: the RPCs of one request, by name.
        billed: Firestore's operations and the messages of one request.
    """

    milliseconds: float
    cpu_milliseconds: float
    rpcs: Counter[str]
    billed: Counter[str]

    @property
    def fixed(self) -> tuple[Counter[str], Counter[str]]:
        """The counts that must be the same in every fleet."""
        billed = Counter({name: number for name, number in self.billed.items() if name != MAY_GROW})
        return self.rpcs, billed


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Calls by name, each by the size of the fleet."""

    sizes: Sequence[int]
    points: Mapping[str, Mapping[int, Point]]

    def growing(self) -> list[str]:
        """Return the names of the calls whose RPCs or operations differ between fleets."""
        return [
            name
            for name, points in self.points.items()
            if any(points[size].fixed != points[self.sizes[0]].fixed for size in self.sizes)
        ]

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        return {
            name: {str(size): vars(point) for size, point in points.items()}
            for name, points in self.points.items()
        }


def table(growth: Growth) -> str:
    """Format the table for people: times for the smallest fleet, and for the others as ratios to these."""
    first, *others = growth.sizes
    head = ["call", f"ms with {first:,}", *(f"{size:,}" for size in others)]
    head += [f"CPU ms with {first:,}", *(f"{size:,}" for size in others), "operations", "aggregation units"]
    rows = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for name, points in growth.points.items():
        start = points[first]
        units = [str(points[size].billed[MAY_GROW]) for size in growth.sizes]
        row = [name, f"{start.milliseconds:.1f}"]
        row += [f"x{points[size].milliseconds / start.milliseconds:.2f}" for size in others]
        row += [f"{start.cpu_milliseconds:.1f}"]
        row += [f"x{_ratio(points[size].cpu_milliseconds, start.cpu_milliseconds):.2f}" for size in others]
        row += [counted(start.fixed[1]), ", ".join(units) if start.billed[MAY_GROW] else ""]
        rows.append("| " + " | ".join(row) + " |")
    growing = ", ".join(growth.growing())
    verdict = (
        f"The RPCs or operations of these calls differ between fleets: {growing}."
        if growing
        else "Apart from aggregation units, no call's RPCs or operations differ between fleets."
    )
    return "\n".join([*rows, "", verdict, ""])


def _ratio(mine: float, its: float) -> float:
    return mine / its if its else 1.0


def draw(growth: Growth, file: Path) -> None:
    """Plot the time of every call against the size of the fleet, as a PNG file."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - large, and only needed here

    figure = Figure(figsize=(14, 7), dpi=120, layout="constrained")
    time, cpu = figure.subplots(1, 2, sharex=True)
    for number, (name, points) in enumerate(growth.points.items()):
        style = {"label": name, "linestyle": ("-", "--", ":")[number // 10], "marker": "."}
        time.plot(growth.sizes, [points[size].milliseconds for size in growth.sizes], **style)
        cpu.plot(growth.sizes, [points[size].cpu_milliseconds for size in growth.sizes], **style)
    for axes, title in ((time, "Time of a request in ms"), (cpu, "The function's CPU time in ms")):
        axes.set_title(title)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("machines of the organization")
    handles, labels = time.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper")
    figure.savefig(file)
