"""What a query looks at, with its indexes, which are made when a query first needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.firestore.sorted_index import SortedIndex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.local.firestore.index import Spec
    from infra.local.firestore.state import Record


class Scope:
    """A collection, a collection group, or all documents.

    Attributes:
        changed_at: When one of its documents was last written or deleted.
    """

    def __init__(self) -> None:
        self.changed_at = 0
        self._indexes: dict[Spec, SortedIndex] = {}

    def records(self) -> Iterable[Record]:
        """All records of the scope, in no order."""
        raise NotImplementedError

    def changed(self, record: Record) -> None:
        """Note that a document has a new version."""
        self.changed_at = max(self.changed_at, record.latest.updated)
        for index in self._indexes.values():
            index.touch(record)

    def index(self, order: Spec) -> SortedIndex:
        """Find the index in a sort order, or make it."""
        found = self._indexes.get(order)
        if found is None:
            found = self._indexes[order] = SortedIndex(order, self.records())
        return found
