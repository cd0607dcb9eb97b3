"""Sorted indexes of documents, made when a query first needs one.

A write only notes which documents an index has to look at again; the next query that reads the index brings
it up to date. So a write costs the same however many indexes there are; what is never queried costs nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from enum import Enum
from operator import itemgetter
from typing import TYPE_CHECKING

from infra.local.firestore import ordering, partial, paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.local.firestore.pb.document_pb2 import Document, Value
    from infra.local.firestore.state import Record

# Beyond this share of stale entries, sorting anew is faster than inserting one by one.
RESORT_SHARE = 32


class Mode(Enum):
    """How an index holds a field."""

    ASCENDING = "ascending"
    DESCENDING = "descending"
    CONTAINS = "contains"


Spec = tuple[tuple[paths.FieldPath, Mode], ...]


def keys(spec: Spec, document: Document, name: bytes) -> tuple[bytes, ...]:
    """Compute a document's keys: none if it lacks a field, several if an array is indexed by its elements.

    Args:
        spec: The fields.
        document: The document.
        name: Its encoded path.
    """
    found = [b""]
    for field, mode in spec:
        if field == paths.NAME:
            parts = [name]
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
        self._names = {path[0] for path, _ in spec}
        self._keys: list[bytes] = []
        self._records: list[Record] = []  # at the same positions
        self._keys_of: dict[Record, tuple[bytes, ...]] = {}
        self._stale = set(records)

    def touch(self, record: Record) -> None:
        """Note that a document is to be looked at again."""
        self._stale.add(record)

    def scan(self, lower: bytes, upper: bytes) -> Iterator[tuple[bytes, Record]]:
        """Walk the keys from `lower` up to but without `upper`, with their documents."""
        for position in self._positions(lower, upper):
            yield self._keys[position], self._records[position]

    def count(self, lower: bytes, upper: bytes) -> int:
        """Count the keys from `lower` up to but without `upper`."""
        return len(self._positions(lower, upper))

    def _positions(self, lower: bytes, upper: bytes) -> range:
        self._refresh()
        return range(bisect_left(self._keys, lower), bisect_left(self._keys, upper))

    def _refresh(self) -> None:
        resort = len(self._stale) * RESORT_SHARE > len(self._keys)
        for record in self._stale:
            old = self._keys_of.pop(record, ())
            new = self._keys_now(record)
            if new:
                self._keys_of[record] = new
            if not resort:
                self._replace(record, old, new)
        if self._stale and resort:
            self._sort()
        self._stale.clear()

    def _keys_now(self, record: Record) -> tuple[bytes, ...]:
        data = record.latest.data
        return keys(self._spec, partial.parse(data, self._names), record.name) if data else ()

    def _replace(self, record: Record, old: Iterable[bytes], new: Iterable[bytes]) -> None:
        for key in old:
            position = bisect_left(self._keys, key)
            del self._keys[position]
            del self._records[position]
        for key in new:
            position = bisect_left(self._keys, key)
            self._keys.insert(position, key)
            self._records.insert(position, record)

    def _sort(self) -> None:
        entries = sorted(
            ((key, record) for record, found in self._keys_of.items() for key in found), key=itemgetter(0)
        )
        self._keys = [key for key, _ in entries]
        self._records = [record for _, record in entries]
