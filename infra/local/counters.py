"""Counts of billed units and of RPCs for each project."""

from collections import Counter, defaultdict


class Counters:
    """Counts per project: billed units by name, and RPCs by method."""

    def __init__(self, *units: str) -> None:
        """Count these units, which are listed as 0 until something adds to them."""
        self._billed: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(units, 0))
        self._rpcs: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, project: str, unit: str, amount: int = 1) -> None:
        """Add an amount of a unit to a project's count."""
        self._billed[project][unit] += amount

    def rpc(self, project: str, method: str) -> None:
        """Count one call of a method."""
        self._rpcs[project][method] += 1

    def reset(self) -> None:
        """Remove all counts."""
        self._billed.clear()
        self._rpcs.clear()

    def listing(self) -> dict[str, dict[str, int | dict[str, int]]]:
        """Return each project's units and, under `rpcs`, its calls by method."""
        return {
            project: {**self._billed[project], "rpcs": dict(self._rpcs[project])}
            for project in (*self._rpcs, *self._billed)
        }
