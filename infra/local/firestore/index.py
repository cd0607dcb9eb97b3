"""Sorted indexes of documents, made when a query first needs one.

A write only notes which documents an index has to look at again; the next query that reads the index brings
it up to date. So a write costs the same however many indexes there are; what is never queried costs nothing.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from enum import Enum
from typing import TYPE_CHECKING

from infra.local.firestore import ordering, paths
from infra.local.firestore.pb.document_pb2 import Document, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.local.firestore.state import Record

# Beyond this share of stale entries, sorting anew is faster than inserting one by one.
_RESORT_SHARE = 32


class Mode(Enum):
    """How an index holds a field."""

    ASCENDING = "ascending"
    DESCENDING = "descending"
    CONTAINS = "contains"


Spec = tuple[tuple[paths.FieldPath, Mode], ...]


def keys(spec: Spec, document: Document, path: str) -> tuple[bytes, ...]:
    """Compute a document's keys: none if it lacks a field, several if an array is indexed by its elements."""
    found: list[bytes] = [b""]
    for field, mode in spec:
        if field == paths.NAME:
            parts = [ordering.encode_path(path)]
        else:
            value = paths.get(document.fields, field)
            if value is None:
                return ()
            parts = keys_of(value, mode)
        if mode is Mode.DESCENDING:
            parts = [ordering.descending(part) for part in parts]
        found = [key + part for key in found for part in parts]
    return tuple(found)


def keys_of(value: Value, mode: Mode) -> list[bytes]:
    """Compute what an index of one field holds of its value, before a descending order turns it around."""
    if mode is not Mode.CONTAINS:
        return [ordering.encode(value)]
    return list({ordering.encode(element) for element in value.array_value.values})


class Index:
    """The documents of a scope in the order of some fields; the last field is always the name."""

    def __init__(self, spec: Spec, records: Iterable[Record]) -> None:
        self._spec = spec
        self._keys: list[bytes] = []
        self._records: dict[bytes, Record] = {}
        self._keys_of: dict[Record, tuple[bytes, ...]] = {}
        self._stale = set(records)

    def touch(self, record: Record) -> None:
        """Note that a document is to be looked at again."""
        self._stale.add(record)

    def scan(self, lower: bytes, upper: bytes) -> Iterator[tuple[bytes, Record]]:
        """Walk the keys from `lower` up to but without `upper`, with their documents."""
        self._refresh()
        first, end = bisect_left(self._keys, lower), bisect_left(self._keys, upper)
        for position in range(first, end):
            key = self._keys[position]
            yield key, self._records[key]

    def _refresh(self) -> None:
        if not self._stale:
            return
        resort = len(self._stale) * _RESORT_SHARE > len(self._keys)
        for record in self._stale:
            self._replace(record, sort=not resort)
        self._stale.clear()
        if resort:
            self._keys = sorted(self._records)

    def _replace(self, record: Record, *, sort: bool) -> None:
        data = record.latest.data
        new = keys(self._spec, Document.FromString(data), record.path) if data else ()
        old = self._keys_of.pop(record, ())
        if new:
            self._keys_of[record] = new
        for key in old:
            del self._records[key]
            if sort:
                del self._keys[bisect_left(self._keys, key)]
        for key in new:
            self._records[key] = record
            if sort:
                insort(self._keys, key)


class Scope:
    """What a query looks at: a collection, a collection group, or all documents."""

    def __init__(self) -> None:
        self._indexes: dict[Spec, Index] = {}

    def records(self) -> Iterable[Record]:
        """All records of the scope, in no order."""
        raise NotImplementedError

    def changed(self, record: Record) -> None:
        """Note that a document has a new version."""
        for index in self._indexes.values():
            index.touch(record)

    def index(self, spec: Spec) -> Index:
        """Find the index over some fields, or make it."""
        found = self._indexes.get(spec)
        if found is None:
            found = self._indexes[spec] = Index(spec, self.records())
        return found
