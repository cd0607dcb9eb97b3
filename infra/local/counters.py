"""Counts of billed units and of RPCs for each project."""

from collections import defaultdict


class Counters:
    """Counts per project: billed units by name, and RPCs by method."""

    def __init__(self, *units: str) -> None:
        """Count these units, which are listed as 0 until something adds to them."""
        self._units = units
        self._billed: dict[str, dict[str, int]] = {}
        self._rpcs: dict[str, dict[str, int]] = {}

    def add(self, project: str, unit: str, amount: int = 1) -> None:
        """Add an amount of a unit to a project's count."""
        self._of(project)[unit] += amount

    def rpc(self, project: str, method: str) -> None:
        """Count one call of a method."""
        self._of(project)
        self._rpcs[project][method] += 1

    def reset(self) -> None:
        """Remove all counts."""
        self._billed.clear()
        self._rpcs.clear()

    def listing(self) -> dict[str, dict[str, int | dict[str, int]]]:
        """Return each project's units and, under `rpcs`, its calls by method."""
        return {
            project: {**billed, "rpcs": dict(self._rpcs[project])} for project, billed in self._billed.items()
        }

    def _of(self, project: str) -> dict[str, int]:
        billed = self._billed.get(project)
        if billed is None:
            billed = self._billed[project] = dict.fromkeys(self._units, 0)
            self._rpcs[project] = defaultdict(int)
        return billed
