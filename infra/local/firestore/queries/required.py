"""The indexes that a query needs; without them, the query is rejected as in production.

For equalities only, single-field indexes are merged. With a sort order or a range, composite indexes that end
with that order are needed; several are merged if together they have all equalities of the query.
https://firebase.google.com/docs/firestore/query-data/index-overview#taking_advantage_of_index_merging
"""

from infra.local.firestore import paths
from infra.local.firestore.index_keys import IndexField, Mode
from infra.local.firestore.indexes import Composite, Indexes
from infra.local.firestore.queries.filters import Conjunction, Contains, Equal
from infra.local.firestore.queries.parse import Query
from infra.local.status_errors import FailedPrecondition


def check(query: Query, indexes: Indexes) -> None:
    """Check that each conjunction has its indexes; raise FailedPrecondition with a missing one."""
    if indexes.composites is None:
        return
    for terms in query.where:
        need = _Need(query, terms)
        if not need.met_by(indexes):
            raise FailedPrecondition(f"The query requires an index. Declare it in the index file: {need}")


class _Need:
    """The index that one conjunction needs: equalities in any order, followed by this sort order."""

    def __init__(self, query: Query, terms: Conjunction) -> None:
        self._collection = query.collection
        self._group = query.descendants
        self._equalities: set[IndexField] = {
            (term.path, Mode.CONTAINS if isinstance(term, Contains) else Mode.ASCENDING)
            for term in terms
            if isinstance(term, Equal | Contains) and term.path != paths.NAME
        }
        fixed = {path for path, mode in self._equalities if mode is Mode.ASCENDING}
        self._order = tuple((path, mode) for path, mode in query.order if path not in fixed)
        self._sorts = len(self._order) > 1  # by more fields than the name
        self._names = self._order[-1][1]  # the direction of the name

    def met_by(self, indexes: Indexes) -> bool:
        """Return whether these indexes are sufficient."""
        if not self._equalities:
            # Documents are stored in ascending order of their names, which needs no index.
            as_they_lie = self._order == ((paths.NAME, Mode.ASCENDING),)
            return as_they_lie or self._single(indexes) or self._composites(indexes) != []
        covered = {field for part in self._composites(indexes) for field in part}
        if not self._sorts:
            covered |= {field for field in self._equalities if self._merges(indexes, *field)}
        return covered >= self._equalities

    def __str__(self) -> str:
        scope = "COLLECTION_GROUP" if self._group else "COLLECTION"
        fields = [*sorted(self._equalities, key=lambda field: field[0]), *self._order]
        shown = ", ".join(f"{paths.show(path)} {mode.name}" for path, mode in fields)
        return f"collection group {self._collection}, query scope {scope}, fields {shown}"

    def _single(self, indexes: Indexes) -> bool:
        """Return whether a single-field index has the sort order, with the name in the same direction."""
        (path, mode), *rest = self._order
        return rest == [(paths.NAME, mode)] and self._has(indexes, path, mode)

    def _merges(self, indexes: Indexes, path: paths.FieldPath, mode: Mode) -> bool:
        """Return whether a single-field index can be merged: its names have the direction of the query.

        In indexes of array elements, names are in ascending order.
        """
        if mode is Mode.CONTAINS:
            return self._names is Mode.ASCENDING and self._has(indexes, path, mode)
        return self._has(indexes, path, self._names)

    def _has(self, indexes: Indexes, path: paths.FieldPath, mode: Mode) -> bool:
        return indexes.has_single(self._collection, path, mode, group=self._group)

    def _composites(self, indexes: Indexes) -> list[set[IndexField]]:
        """Return, for each composite index that can be used, the equalities of the query that it covers."""
        return [
            part
            for composite in indexes.composites or ()
            if composite.collection == self._collection and composite.group == self._group
            if (part := self._part(composite)) is not None
        ]

    def _part(self, composite: Composite) -> set[IndexField] | None:
        fields = composite.complete
        leading, order = fields[: -len(self._order)], fields[-len(self._order) :]
        if order != self._order:
            return None
        # The direction of a field with only one value does not matter.
        part = {(path, Mode.CONTAINS if mode is Mode.CONTAINS else Mode.ASCENDING) for path, mode in leading}
        return part if part <= self._equalities else None
