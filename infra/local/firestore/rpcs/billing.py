"""What production bills for.

https://firebase.google.com/docs/firestore/pricing
"""

from infra.local.counters import Counters
from infra.local.projects import project_of

INDEX_ENTRIES_A_UNIT = 1000


class Billing:
    """Counts what each project would be billed for."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def reads(self, database: str, documents: int) -> None:
        """Bill for documents that were read, looked for in vain, or skipped; at least one a request."""
        self._counters.add(project_of(database), "reads", max(1, documents))

    def write(self, database: str, *, deletes: bool) -> None:
        """Bill for a write or a delete that was done, whether it changed anything or not."""
        self._counters.add(project_of(database), "deletes" if deletes else "writes")

    def aggregation(self, database: str, index_entries: int) -> None:
        """Bill for an aggregation: one unit, priced as a read, for up to 1,000 index entries."""
        units = max(1, -(-index_entries // INDEX_ENTRIES_A_UNIT))
        self._counters.add(project_of(database), "aggregation_units", units)


def counters() -> Counters:
    """Make the counters of an emulator."""
    return Counters("reads", "writes", "deletes", "aggregation_units")
