"""Blocks of adjacent index entries, with the set of entries for each value.

A set is an integer with one bit per entry, so sets are intersected with `&` and counted with `int.bit_count`,
which are fast.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from infra.local.firestore import partial, paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.firestore.state import Record
    from infra.local.firestore.values import Field, Key, Sets

# The maximum number of entries. The sets of a block are built in one step, which blocks the event loop.
SIZE = 256


class Entry:
    """A document's entry in an index.

    Attributes:
        record: The document.
        data: The serialized document that the key and the values were computed from.
        key: The sort key.
        block: The block that contains the entry.
        bit: The entry's bit in the block's sets.
    """

    __slots__ = ("bit", "block", "data", "key", "record")

    bit: int
    block: Block

    def __init__(self, record: Record, data: bytes, key: bytes) -> None:
        self.record = record
        self.data = data
        self.key = key


class Block:
    """Some adjacent entries.

    Attributes:
        keys: Their sort keys, in ascending order.
        entries: The entries, in the same order.
        all: The set of all of them.
    """

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.entries: list[Entry] = []
        self.all = 0
        self._sets: dict[int, tuple[Field, Sets]] = {}  # fields with the sets of their values, by number

    def is_made(self, number: int) -> bool:
        """Return whether the sets of a field exist."""
        return number in self._sets

    def make(self, number: int, field: Field) -> None:
        """Build the sets of a field, and keep them under its number."""
        sets: Sets = {}
        self._sets[number] = field, sets
        for entry in self.entries:
            field.add(sets, entry.bit, partial.fields(entry.data), entry.record.name)

    def having(self, number: int, value: Key) -> int:
        """Return the set of entries with a value in a field."""
        return self._sets[number][1].get(value, 0)

    def between(self, lower: bytes, upper: bytes) -> int:
        """Return the set of entries with keys from `lower` (inclusive) to `upper` (exclusive)."""
        if lower <= self.keys[0] and self.keys[-1] < upper:
            return self.all
        first, end = bisect_left(self.keys, lower), bisect_left(self.keys, upper)
        return sum(entry.bit for entry in self.entries[first:end])

    def members(self, found: int) -> Iterator[Entry]:
        """Iterate over the entries of a set, in order."""
        return (entry for entry in self.entries if entry.bit & found)

    def add(self, entry: Entry) -> None:
        """Add an entry."""
        position = bisect_left(self.keys, entry.key)
        self.keys.insert(position, entry.key)
        self.entries.insert(position, entry)
        entry.block = self
        entry.bit = ~self.all & (self.all + 1)  # the lowest free one
        self.all |= entry.bit
        if self._sets:
            fields, name = partial.fields(entry.data), entry.record.name
            for field, sets in self._sets.values():
                field.add(sets, entry.bit, fields, name)

    def remove(self, entry: Entry) -> None:
        """Remove an entry."""
        position = bisect_left(self.keys, entry.key)
        del self.keys[position], self.entries[position]
        self.all ^= entry.bit
        if self._sets:
            fields, name = partial.fields(entry.data), entry.record.name
            for field, sets in self._sets.values():
                field.remove(sets, entry.bit, fields, name)

    def change(self, entry: Entry, data: bytes) -> None:
        """Update an entry whose document has changed, but not its sort key."""
        if self._sets:
            before, after, name = partial.fields(entry.data), partial.fields(data), entry.record.name
            for field, sets in self._sets.values():
                if _raw(before, field) != _raw(after, field):
                    field.remove(sets, entry.bit, before, name)
                    field.add(sets, entry.bit, after, name)
        entry.data = data

    def cut(self) -> list[Entry]:
        """Remove and return the second half of the entries, and discard all sets."""
        middle = len(self.keys) // 2
        gone = self.entries[middle:]
        del self.keys[middle:], self.entries[middle:]
        self.all = sum(entry.bit for entry in self.entries)
        self._sets.clear()
        return gone


def _raw(fields: Mapping[str, bytes], field: Field) -> bytes | None:
    return None if field.path == paths.NAME else fields.get(field.path[0])
