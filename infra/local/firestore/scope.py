"""The scope of a query, with its indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.firestore.sorted_index import SortedIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.local.firestore.index_keys import Spec
    from infra.local.firestore.state import Record
    from infra.local.firestore.values import Field


class Scope:
    """A collection, a collection group, or all documents.

    Attributes:
        changed_at: The time of the last write or deletion of one of its documents.
    """

    def __init__(self) -> None:
        self.changed_at = 0
        self._indexes: dict[Spec, SortedIndex] = {}

    def records(self) -> Iterable[Record]:
        """Return all records of the scope, in no particular order."""
        raise NotImplementedError

    def changed(self, record: Record) -> None:
        """Update the state for a document with a new version."""
        self.changed_at = max(self.changed_at, record.latest.updated)
        for index in self._indexes.values():
            index.touch(record)

    def declare(self, indexes: Iterable[tuple[Spec, Field | None]]) -> None:
        """Create indexes: each has a sort order, and the sets of a field's values if there is one."""
        for order, field in indexes:
            index = self.index(order)
            if field is not None:
                index.number(field)

    def bring_up_to_date(self) -> Iterator[None]:
        """Bring the indexes up to date, in steps."""
        for index in list(self._indexes.values()):
            yield from index.bring_up_to_date(list(index.fields))
            yield

    def index(self, order: Spec) -> SortedIndex:
        """Return the index with a sort order; create it if needed."""
        found = self._indexes.get(order)
        if found is None:
            found = self._indexes[order] = SortedIndex(order, self.records())
        return found
