"""Which documents have a value: for each value, their sort keys in order.

A query that asks for several values at once intersects their lists, as production merges its indexes:
https://firebase.google.com/docs/firestore/query-data/index-overview#taking_advantage_of_index_merging
So there is one index for each field that is asked for, and not one for each combination; and one for all
fields of a map, for their names may be as many as values are.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from infra.local.firestore import ordering, partial, paths
from infra.local.firestore.index import RESORT_SHARE, Mode, Spec, keys, keys_of
from infra.local.firestore.pb import document_pb2

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from infra.local.firestore.state import Record

# The value's encoding, and the field's name where the index is of all fields of a map.
Value = tuple[bytes, str]
# A document's sort key, and the lists that it is in.
Entry = tuple[bytes, list[list[bytes]]]
_SEARCH_STEPS = 16  # how many keys a walk passes in the time that it takes to look for one
_NOWHERE: Entry = (b"", [])


class Field(NamedTuple):
    """What a value is looked for in.

    Attributes:
        path: A field, or the map that it is in.
        mode: Whether its elements are meant, or the value as a whole.
        is_map: Whether the index is of all fields of the map.
    """

    path: paths.FieldPath
    mode: Mode
    is_map: bool

    @classmethod
    def of(cls, path: paths.FieldPath, mode: Mode) -> tuple[Field, str]:
        """Choose the index for a field; also gives the field's name in it."""
        if mode is Mode.CONTAINS or len(path) == 1:
            return cls(path, mode, is_map=False), ""
        return cls(path[:-1], mode, is_map=True), path[-1]

    def values(self, data: bytes, name: bytes) -> list[Value]:
        """List the values that a document, given in its serialized form and its encoded path, has there."""
        if self.path == paths.NAME:
            return [(name, "")]
        first, *inner = self.path
        if self.is_map and not inner:
            # The maps that are indexed may be large, with the same values again and again.
            return [(_encoded(raw), field) for field, raw in partial.parse_map(data, first).items()]
        value = paths.get(partial.parse(data, [first]).fields, self.path)
        if value is None:
            return []
        if not self.is_map:
            return [(key, "") for key in keys_of(value, self.mode)]
        return [(ordering.encode(inside), field) for field, inside in value.map_value.fields.items()]


class Postings:
    """The documents of a scope by the values of a field, each list in the same sort order."""

    def __init__(self, field: Field, order: Spec, records: Iterable[Record]) -> None:
        self._field = field
        self._order = order
        self._sorted_by = [path[0] for path, _ in order]
        self._lists: dict[Value, list[bytes]] = {}
        self._entries: dict[Record, Entry] = {}
        self._records: dict[bytes, Record] = {}
        self._stale = set(records)

    def touch(self, record: Record) -> None:
        """Note that a document is to be looked at again."""
        self._stale.add(record)

    def find(self, value: Value) -> Sequence[bytes]:
        """Give the sort keys of the documents that have a value, in order."""
        self._refresh()
        return self._lists.get(value, ())

    def record(self, key: bytes) -> Record:
        """Find the document of a sort key."""
        return self._records[key]

    def _refresh(self) -> None:
        if not self._stale:
            return
        changed = {record: entry for record in self._stale if (entry := self._entry(record)) is not None}
        self._stale.clear()
        for record in changed:
            self._remove(record)
        resort = len(changed) * RESORT_SHARE > len(self._entries)
        # In order, so that a list that is made anew is sorted from the start.
        for record, (key, lists) in sorted(changed.items(), key=lambda entry: entry[1][0]):
            if not lists:
                continue
            self._entries[record] = key, lists
            self._records[key] = record
            for found in lists:
                if resort:
                    found.append(key)
                else:
                    insort(found, key)
        if resort:
            for found in self._lists.values():
                found.sort()

    def _entry(self, record: Record) -> Entry | None:
        """Compute a document's sort key and find the lists that it belongs to; None if it has not changed."""
        found, lists = tuple[bytes, ...](), list[list[bytes]]()
        if record.latest.data:
            document = partial.parse(record.latest.data, self._sorted_by)
            found = keys(self._order, document, record.name)
            values = self._field.values(record.latest.data, record.name) if found else []
            lists = [self._list(value) for value in values]
        entry = (found[0], lists) if lists else _NOWHERE
        old_key, old_lists = self._entries.get(record, _NOWHERE)
        return None if entry[0] == old_key and set(map(id, lists)) == set(map(id, old_lists)) else entry

    def _list(self, value: Value) -> list[bytes]:
        found = self._lists.get(value)
        if found is None:
            found = self._lists[value] = []
        return found

    def _remove(self, record: Record) -> None:
        key, lists = self._entries.pop(record, _NOWHERE)
        self._records.pop(key, None)
        for found in lists:
            del found[bisect_left(found, key)]


@lru_cache(maxsize=1024)
def _encoded(raw: bytes) -> bytes:
    return ordering.encode(document_pb2.Value.FromString(raw))


def positions(found: Sequence[bytes], lower: bytes, upper: bytes) -> range:
    """Give the positions of the keys from `lower` up to but without `upper`."""
    return range(bisect_left(found, lower), bisect_left(found, upper))


def common(lists: Sequence[Sequence[bytes]], lower: bytes, upper: bytes) -> Iterator[bytes]:
    """Walk the keys between two bounds that all lists have, from one list's next key to the other's."""
    shortest, *others = sorted(lists, key=len)
    ranges = [positions(found, lower, upper) for found in others]
    ends = [span.stop for span in ranges]
    places = [span.start for span in ranges]
    position, end = (bound := positions(shortest, lower, upper)).start, bound.stop
    while position < end:
        key = shortest[position]
        for number, other in enumerate(others):
            places[number] = place = bisect_left(other, key, places[number], ends[number])
            if place == ends[number]:
                return
            if other[place] != key:
                position = bisect_left(shortest, other[place], position, end)
                break
        else:
            yield key
            position += 1


def common_keys(lists: Sequence[Sequence[bytes]], lower: bytes, upper: bytes) -> Collection[bytes]:
    """Give all keys between two bounds that all lists have, in no order; for many, faster than a walk."""
    shortest, *others = sorted(lists, key=len)
    bounds = positions(shortest, lower, upper)
    found: Collection[bytes] = shortest[bounds.start : bounds.stop]
    for other in others:
        if len(found) * _SEARCH_STEPS < len(other):
            found = [key for key in found if other[min(bisect_left(other, key), len(other) - 1)] == key]
        else:
            found = set(found).intersection(other)
    return found
