"""Running of queries: each conjunction is looked up in the indexes, block by block in the query's order."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from operator import attrgetter, or_
from typing import TypeGuard

from google_apis.firestore.document_pb2 import Document
from infra.local.firestore import names, ordering
from infra.local.firestore.block import Block, Entry
from infra.local.firestore.index_keys import Mode, sort_key
from infra.local.firestore.queries.filters import Conjunction, Contains, Equal, Range, Term
from infra.local.firestore.queries.parse import Query
from infra.local.firestore.scope import Scope
from infra.local.firestore.sorted_index import SortedIndex
from infra.local.firestore.state import Database, Record, Version
from infra.local.firestore.values import Field, Key


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that a query found, with its sort key."""

    key: bytes
    version: Version


def prepare(database: Database, query: Query) -> Iterator[None]:
    """Bring the indexes of a query up to date before it runs, which takes long if they do not exist yet.

    Yields:
        After each step, so that others can run.
    """
    scope = _scope_of(database, query)
    if scope is not None:
        yield from _Search(scope, query, None).prepare()


def run(database: Database, query: Query, time: int | None) -> Iterator[Hit]:
    """Return the matching documents at a time, by default now, without applying the offset and the limit."""
    search = _search(database, query, time)
    return iter(()) if search is None else search.results(database)


def page(database: Database, query: Query, time: int | None) -> tuple[int, list[Hit]]:
    """Return the matching documents, with the query's offset and limit applied.

    Returns:
        The number of skipped results, and the remaining ones.
    """
    search = _search(database, query, time)
    if search is None:
        return 0, []
    if search.is_exact and query.offset:
        skipped = min(query.offset, search.count())
        hits = search.hits(skipped)
    else:
        hits = search.results(database)
        skipped = sum(1 for _ in islice(hits, query.offset))
    return skipped, list(islice(hits, query.limit))


def count(database: Database, query: Query, time: int | None) -> tuple[int, int] | None:
    """Return the numbers of results of `page` from the indexes alone; None if that is not possible."""
    search = _search(database, query, time)
    if search is None:
        return 0, 0
    if not search.is_exact:
        return None
    matching = search.count()
    skipped = min(query.offset, matching)
    rest = matching - skipped
    return skipped, rest if query.limit is None else min(rest, query.limit)


def _scope_of(database: Database, query: Query) -> Scope | None:
    """Return the scope of a query; None if it does not exist yet."""
    if not query.collection:
        return database.everything
    if query.descendants:
        return database.groups.get(query.collection)
    return database.collections.get(names.join(query.parent, query.collection))


class _Search:
    """A query in its scope, with all of its conjunctions."""

    def __init__(self, scope: Scope, query: Query, time: int | None) -> None:
        # The time to read at; None for now, and also if nothing in the scope has changed since.
        self._past = None if time is None or scope.changed_at <= time else time
        self._scope = scope
        self._query = query
        self._index = scope.index(query.order)
        self._scans = [_Scan(self._index, query, terms) for terms in query.where]

    @property
    def is_exact(self) -> bool:
        """Whether the indexes alone determine what matches."""
        query = self._query
        has_one_parent = bool(query.collection) and not (query.descendants and query.parent)
        return self._past is None and has_one_parent and not any(scan.residual for scan in self._scans)

    def prepare(self) -> Iterator[None]:
        """Bring the index up to date, in steps."""
        return self._index.bring_up_to_date({field for scan in self._scans for field in scan.fields})

    def count(self) -> int:
        """Return the number of documents that the indexes find."""
        return sum(reduce(or_, found).bit_count() for _, found in self._blocks())

    def hits(self, offset: int = 0) -> Iterator[Hit]:
        """Yield the documents that match now; an offset needs an exact search."""
        for block, found in self._blocks():
            anywhere = reduce(or_, found)
            if offset >= anywhere.bit_count():
                offset -= anywhere.bit_count()
                continue
            for entry in islice(block.members(anywhere), offset, None):
                if self._accepts(entry, found):
                    yield Hit(entry.key, entry.record.latest)
            offset = 0

    def results(self, database: Database) -> Iterator[Hit]:
        """Return the documents that match at the time to read at."""
        past = self._past
        if past is None:
            return self.hits()
        unchanged = (hit for hit in self.hits() if hit.version.updated <= past)
        return heapq.merge(unchanged, self._superseded(database, past), key=attrgetter("key"))

    def _superseded(self, database: Database, time: int) -> list[Hit]:
        """Return the documents that matched at a time and have changed since."""
        hits = []
        for record in set(database.changed_since(time)):
            version, collection = record.at(time), record.collection
            in_scope = self._scope in collection.scopes and self._query.reaches(collection.parent)
            if version is None or not in_scope:
                continue
            document = Document.FromString(version.data)
            key = sort_key(self._query.order, document, record.name)
            if key is not None and any(scan.matches(key, document, record) for scan in self._scans):
                hits.append(Hit(key, version))
        return sorted(hits, key=attrgetter("key"))

    def _blocks(self) -> Iterator[tuple[Block, list[int]]]:
        """Yield the blocks with matches, with the set that each conjunction finds there."""
        lower, upper = min(scan.lower for scan in self._scans), max(scan.upper for scan in self._scans)
        for block in self._index.blocks(lower, upper):
            found = [scan.find(block) for scan in self._scans]
            if any(found):
                yield block, found

    def _accepts(self, entry: Entry, found: Sequence[int]) -> bool:
        """Return whether a document that the indexes find also meets the other conditions."""
        if not self._query.reaches(entry.record.collection.parent):
            return False
        residuals = [scan.residual for scan, part in zip(self._scans, found, strict=True) if part & entry.bit]
        if not all(residuals):
            return True
        document = Document.FromString(entry.data)
        return any(
            all(term.matches(document, entry.record.path) for term in residual) for residual in residuals
        )


class _Scan:
    """One conjunction, as values to look up in an index, and bounds of its keys.

    Attributes:
        lower: The lower bound of keys (inclusive).
        upper: The upper bound of keys (exclusive).
        fields: The fields of the values to look up.
        residual: The terms that the index cannot decide.
    """

    def __init__(self, sorted_index: SortedIndex, query: Query, terms: Conjunction) -> None:
        leading = [term for term in terms if _is_looked_up(term)]
        bounding = [term for term in terms if isinstance(term, Range) and term.path == query.order[0][0]]
        self._terms = terms
        self.residual = [term for term in terms if term not in leading and term not in bounding]
        self.lower, self.upper = _bounds(query, bounding)
        found = [_field(term) for term in leading]
        self.fields = [field for field, _ in found]
        self._values = [(sorted_index.number(field), value) for field, value in found]

    def find(self, block: Block) -> int:
        """Return the set of a block's documents with all values, within the bounds."""
        found = block.between(self.lower, self.upper)
        for number, value in self._values:
            if not found:
                break
            found &= block.having(number, value)
        return found

    def matches(self, key: bytes, document: Document, record: Record) -> bool:
        """Return whether a document with this key matches."""
        return self.lower <= key < self.upper and all(
            term.matches(document, record.path) for term in self._terms
        )


def _search(database: Database, query: Query, time: int | None) -> _Search | None:
    """Return the search of a query, ready to run; None if its scope does not exist yet."""
    scope = _scope_of(database, query)
    if scope is None:
        return None
    search = _Search(scope, query, time)
    for _ in search.prepare():
        pass  # only a few documents, if any, after the caller's `prepare`
    return search


def _is_looked_up(term: Term) -> TypeGuard[Equal | Contains]:
    """Return whether the index of values decides a term. It has no whole maps: see `Field`."""
    if isinstance(term, Equal):
        return len(term.path) > 1 or not term.encoded.startswith(ordering.MAP)
    return isinstance(term, Contains)


def _field(term: Equal | Contains) -> tuple[Field, Key]:
    field = Field.of(term.path, Mode.CONTAINS if isinstance(term, Contains) else Mode.ASCENDING)
    return field, field.key(term.path, term.encoded)


def _bounds(query: Query, bounding: Sequence[Range]) -> tuple[bytes, bytes]:
    lower, upper = query.lower, query.upper
    _, mode = query.order[0]
    for term in bounding:
        first, end = term.lower, term.upper
        if mode is Mode.DESCENDING:
            first, end = end.inverted(), first.inverted()
        lower, upper = max(lower, first.position), min(upper, end.position)
    return lower, upper
