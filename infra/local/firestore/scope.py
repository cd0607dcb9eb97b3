"""What a query looks at, with its indexes, which are made when a query first needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.firestore.index import Index, Spec
from infra.local.firestore.postings import Field, Postings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.local.firestore.state import Record


class Scope:
    """A collection, a collection group, or all documents."""

    def __init__(self) -> None:
        self._indexes: dict[Spec, Index] = {}
        self._postings: dict[tuple[Field, Spec], Postings] = {}

    def records(self) -> Iterable[Record]:
        """All records of the scope, in no order."""
        raise NotImplementedError

    def changed(self, record: Record) -> None:
        """Note that a document has a new version."""
        for index in self._indexes.values():
            index.touch(record)
        for postings in self._postings.values():
            postings.touch(record)

    def index(self, order: Spec) -> Index:
        """Find the index in a sort order, or make it."""
        found = self._indexes.get(order)
        if found is None:
            found = self._indexes[order] = Index(order, self.records())
        return found

    def postings(self, field: Field, order: Spec) -> Postings:
        """Find the index of a field's values in a sort order, or make it."""
        found = self._postings.get((field, order))
        if found is None:
            found = self._postings[field, order] = Postings(field, order, self.records())
        return found
