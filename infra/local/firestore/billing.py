"""Counting of billed operations.

https://firebase.google.com/docs/firestore/pricing
"""

from infra.local.counters import Counters
from infra.local.projects import project_of

INDEX_ENTRIES_A_UNIT = 1000


class Billing:
    """Counts the operations that production would bill to each project."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def reads(self, database: str, documents: int) -> None:
        """Bill documents that were read, missing or skipped; at least one per request."""
        self._counters.add(project_of(database), "reads", max(1, documents))

    def write(self, database: str, *, deletes: bool) -> None:
        """Bill a successful write or delete, even if it changed nothing."""
        self._counters.add(project_of(database), "deletes" if deletes else "writes")

    def aggregation(self, database: str, index_entries: int) -> None:
        """Bill an aggregation: one unit, priced as a read, per 1,000 index entries or part of them."""
        units = max(1, -(-index_entries // INDEX_ENTRIES_A_UNIT))
        self._counters.add(project_of(database), "aggregation_units", units)


def counters() -> Counters:
    """Return new counters for an emulator."""
    return Counters("reads", "writes", "deletes", "aggregation_units")
