"""Neighbours in an index, and which of them have a value: a set of them is an integer, with a bit for each.

So what has several values is found by `&`, which takes no time, and counted with `int.bit_count`.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from infra.local.firestore import partial, paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.firestore.state import Record
    from infra.local.firestore.values import Field, Key, Sets

# Entries at most. The sets of a block are made in one go, in which the event loop does nothing else.
SIZE = 256


class Entry:
    """A document's place in an index.

    Attributes:
        record: The document.
        data: The document as it was when its place and its values were determined.
        key: Its sort key.
        block: The block that it is in.
        bit: What it is in the block's sets.
    """

    __slots__ = ("bit", "block", "data", "key", "record")

    bit: int
    block: Block

    def __init__(self, record: Record, data: bytes, key: bytes) -> None:
        self.record = record
        self.data = data
        self.key = key


class Block:
    """Some entries that follow each other.

    Attributes:
        keys: Their sort keys, in order.
        entries: The entries, in the same order.
        all: The set of all of them.
    """

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.entries: list[Entry] = []
        self.all = 0
        self._sets: dict[int, Sets] = {}  # of each field, by its number, the sets of its values
        self._fields: dict[int, Field] = {}

    def is_made(self, number: int) -> bool:
        """Tell whether the sets of a field are there."""
        return number in self._sets

    def make(self, number: int, field: Field) -> None:
        """Make the sets of a field, which has this number from now on."""
        sets: Sets = {}
        self._sets[number] = sets
        self._fields[number] = field
        for entry in self.entries:
            field.add(sets, entry.bit, entry.data, entry.record.name)

    def having(self, number: int, value: Key) -> int:
        """Give the set of those that have a value in a field."""
        return self._sets[number].get(value, 0)

    def between(self, lower: bytes, upper: bytes) -> int:
        """Give the set of those whose keys are from `lower` up to but without `upper`."""
        if lower <= self.keys[0] and self.keys[-1] < upper:
            return self.all
        first, end = bisect_left(self.keys, lower), bisect_left(self.keys, upper)
        return sum(entry.bit for entry in self.entries[first:end])

    def members(self, found: int) -> Iterator[Entry]:
        """Walk the entries of a set, in order."""
        return (entry for entry in self.entries if entry.bit & found)

    def at(self, key: bytes) -> Entry | None:
        """Find the entry that has a sort key."""
        position = bisect_left(self.keys, key)
        return self.entries[position] if self.keys[position : position + 1] == [key] else None

    def add(self, entry: Entry) -> None:
        """Take in an entry."""
        position = bisect_left(self.keys, entry.key)
        self.keys.insert(position, entry.key)
        self.entries.insert(position, entry)
        entry.block = self
        entry.bit = ~self.all & (self.all + 1)  # the lowest that is free
        self.all |= entry.bit
        for number, sets in self._sets.items():
            self._fields[number].add(sets, entry.bit, entry.data, entry.record.name)

    def remove(self, entry: Entry) -> None:
        """Let an entry go."""
        position = bisect_left(self.keys, entry.key)
        del self.keys[position], self.entries[position]
        self.all ^= entry.bit
        for number, sets in self._sets.items():
            self._fields[number].remove(sets, entry.bit, entry.data, entry.record.name)

    def change(self, entry: Entry, data: bytes) -> None:
        """Note that the document of an entry is another one now, in the same place."""
        before, after = partial.fields(entry.data), partial.fields(data)
        for number, sets in self._sets.items():
            field = self._fields[number]
            if _raw(before, field) != _raw(after, field):
                field.remove(sets, entry.bit, entry.data, entry.record.name)
                field.add(sets, entry.bit, data, entry.record.name)
        entry.data = data

    def cut(self) -> list[Entry]:
        """Let the second half of the entries go; the sets are to be made anew."""
        middle = len(self.keys) // 2
        gone = self.entries[middle:]
        del self.keys[middle:], self.entries[middle:]
        self.all = sum(entry.bit for entry in self.entries)
        self._sets.clear()
        return gone


def _raw(fields: Mapping[str, bytes], field: Field) -> bytes | None:
    return None if field.path == paths.NAME else fields.get(field.path[0])
