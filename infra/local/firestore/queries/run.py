"""Running a query: what each conjunction finds in the indexes, merged in the query's order."""

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

from infra.local.firestore import index, names
from infra.local.firestore.index import Mode, Spec
from infra.local.firestore.pb.document_pb2 import Document
from infra.local.firestore.postings import Field, Postings, Value, common, common_keys, positions
from infra.local.firestore.queries.filters import Conjunction, Contains, Equal, Range
from infra.local.firestore.queries.parse import Query
from infra.local.firestore.scope import Scope
from infra.local.firestore.state import Database, Record, Version


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that a query found, with its place in the query's order."""

    key: bytes
    version: Version


def run(database: Database, query: Query, time: int | None) -> Iterator[Hit]:
    """Find the documents that match, as they were at a time or are now; offset and limit are the caller's."""
    scope = scope_of(database, query)
    if scope is None:
        return iter(())
    scans = [_Scan(database, scope, query, terms, time) for terms in query.where]
    if len(scans) == 1:
        return scans[0].hits()
    return _distinct(heapq.merge(*(scan.hits() for scan in scans), key=lambda hit: hit.key))


def count(database: Database, query: Query) -> int | None:
    """Count the documents that match now without looking at each one; None if that is not possible."""
    scope = scope_of(database, query)
    if scope is None:
        return 0
    if (query.descendants and query.parent) or not query.collection:
        return None
    scans = [_Scan(database, scope, query, terms, None) for terms in query.where]
    if not all(scan.is_exact for scan in scans):
        return None
    if _are_disjoint(query.where):
        return sum(scan.count() for scan in scans)
    return len(set[bytes]().union(*(scan.keys() for scan in scans)))


def scope_of(database: Database, query: Query) -> Scope | None:
    """Find what a query looks at; None where there is nothing yet."""
    if not query.collection:
        return database.everything
    if query.descendants:
        return database.groups.get(query.collection)
    return database.collections.get(names.join(query.parent, query.collection))


def within(query: Query, record: Record) -> bool:
    """Tell whether a record of the query's scope is below its parent too."""
    if query.collection and not query.descendants:
        return True
    parent = record.collection.parent
    if not query.descendants:
        return parent == query.parent
    return not query.parent or parent == query.parent or parent.startswith(f"{query.parent}/")


def _distinct(hits: Iterator[Hit]) -> Iterator[Hit]:
    last = None
    for hit in hits:
        if hit.key != last:  # the key ends with the name, so the same key is the same document
            yield hit
        last = hit.key


class _Scan:
    """One conjunction: what has all values that it asks for, in the query's order."""

    def __init__(
        self, database: Database, scope: Scope, query: Query, terms: Conjunction, time: int | None
    ) -> None:
        self._database = database
        self._scope = scope
        self._query = query
        self._time = time
        self._leading = _leading(terms)
        bounding = [term for term in terms if isinstance(term, Range) and term.path == query.orders[0].path]
        self._residual = [term for term in terms if term not in self._leading and term not in bounding]
        self._order: Spec = tuple((order.path, _mode(descending=order.descending)) for order in query.orders)
        self._lower, self._upper = self._bounds(bounding)

    @property
    def is_exact(self) -> bool:
        """Whether the indexes alone tell what matches now."""
        return not self._residual

    def count(self) -> int:
        """Count what the indexes find."""
        lists = [postings.find(value) for postings, value in self._postings()]
        if not lists:
            return self._scope.index(self._order).count(self._lower, self._upper)
        if len(lists) == 1:
            return len(positions(lists[0], self._lower, self._upper))
        return len(common_keys(lists, self._lower, self._upper))

    def keys(self) -> Collection[bytes]:
        """Give the sort keys of what the indexes find, in no order."""
        lists = [postings.find(value) for postings, value in self._postings()]
        if not lists:
            return {key for key, _ in self._scope.index(self._order).scan(self._lower, self._upper)}
        return common_keys(lists, self._lower, self._upper)

    def hits(self) -> Iterator[Hit]:
        entries: Iterator[tuple[bytes, Record, Version]]
        if self._time is None:
            entries = ((key, record, record.latest) for key, record in self._current())
        else:
            entries = self._past(self._current(), self._time)
        for key, record, version in entries:
            if within(self._query, record) and self._accepts(record, version):
                yield Hit(key, version)

    def _bounds(self, bounding: list[Range]) -> tuple[bytes, bytes]:
        lower, upper = self._query.lower, self._query.upper
        for term in bounding:
            first, end = term.lower, term.upper
            if self._query.orders[0].descending:
                first, end = end.inverted(), first.inverted()
            lower, upper = max(lower, first.position), min(upper, end.position)
        return lower, upper

    def _postings(self) -> list[tuple[Postings, Value]]:
        found = []
        for term in self._leading:
            mode = Mode.CONTAINS if isinstance(term, Contains) else Mode.ASCENDING
            field, name = Field.of(term.path, mode)
            found.append((self._scope.postings(field, self._order), (term.encoded, name)))
        return found

    def _current(self) -> Iterator[tuple[bytes, Record]]:
        found = self._postings()
        if not found:
            return self._scope.index(self._order).scan(self._lower, self._upper)
        record = found[0][0].record
        lists = [postings.find(value) for postings, value in found]
        return ((key, record(key)) for key in common(lists, self._lower, self._upper))

    def _accepts(self, record: Record, version: Version) -> bool:
        if not self._residual:
            return True
        document = Document.FromString(version.data)
        return all(term.matches(document, record.path) for term in self._residual)

    def _past(
        self, current: Iterator[tuple[bytes, Record]], time: int
    ) -> Iterator[tuple[bytes, Record, Version]]:
        """Take the entries that have not changed since, and make those anew that have."""
        unchanged = ((key, record, record.latest) for key, record in current if record.latest.updated <= time)
        changed = sorted(self._superseded(time), key=itemgetter(0))
        return heapq.merge(unchanged, changed, key=itemgetter(0))

    def _superseded(self, time: int) -> Iterator[tuple[bytes, Record, Version]]:
        for record in set(self._database.changed_since(time)):
            version = record.at(time)
            if version is None or self._scope not in record.collection.scopes:
                continue
            document = Document.FromString(version.data)
            if not all(term.matches(document, record.path) for term in self._leading):
                continue
            for key in index.keys(self._order, document, record.name):
                if self._lower <= key < self._upper:
                    yield key, record, version


def _leading(terms: Conjunction) -> list[Equal | Contains]:
    """Choose the terms that ask for a value."""
    return [term for term in terms if isinstance(term, Equal | Contains)]


def _are_disjoint(conjunctions: Sequence[Conjunction]) -> bool:
    """Tell whether no document can match two conjunctions, since each asks for another value of one field."""
    asked = [{term.path: term.encoded for term in terms if isinstance(term, Equal)} for terms in conjunctions]
    shared = set(asked[0]).intersection(*asked[1:])
    return len(asked) == 1 or any(len({values[path] for values in asked}) == len(asked) for path in shared)


def _mode(*, descending: bool) -> Mode:
    return Mode.DESCENDING if descending else Mode.ASCENDING


def page(hits: Iterator[Hit], query: Query) -> tuple[int, list[Hit]]:
    """Apply a query's offset and limit.

    Returns:
        How many results were skipped, and those that are left.
    """
    skipped = sum(1 for _ in islice(hits, query.offset))
    return skipped, list(islice(hits, query.limit))
