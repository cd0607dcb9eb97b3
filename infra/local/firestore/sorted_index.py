"""The documents of a scope in the order of some fields, and among them those that have some values.

An index is made when a query first needs it, a block at a time, so that other calls are served meanwhile. A
write only notes which document an index has to look at again; the next query that reads the index brings it
up to date. So a write costs the same however many indexes there are; what is never queried costs nothing.

A query that asks for several values at once intersects the sets of documents that have them, as production
merges its indexes, so there is one index for each field that is asked for, and not one for each combination:
https://firebase.google.com/docs/firestore/query-data/index-overview#taking_advantage_of_index_merging
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from infra.local.firestore import ordering, partial
from infra.local.firestore.block import SIZE, Block, Entry
from infra.local.firestore.index import Mode, Spec, keys

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from infra.local.firestore.state import Record
    from infra.local.firestore.values import Field

_AT_A_TIME = 500  # documents that are looked at again in one go


class SortedIndex:
    """The documents of a scope that have all fields of an order, which ends with the name."""

    def __init__(self, order: Spec, records: Iterable[Record]) -> None:
        self._order = order
        self._names = {path[0] for path, _ in order}
        self._blocks: list[Block] = []
        self._starts: list[bytes] = []  # what the keys of each block are not less than
        self._entries: dict[Record, Entry] = {}
        self._numbers: dict[Field, int] = {}
        self._complete: set[int] = set()  # the fields whose sets all blocks have
        self._stale = dict.fromkeys(records)

    def touch(self, record: Record) -> None:
        """Note that a document is to be looked at again."""
        self._stale[record] = None

    def number(self, field: Field) -> int:
        """Give a field the number that blocks know it by."""
        return self._numbers.setdefault(field, len(self._numbers))

    def bring_up_to_date(self, fields: Collection[Field] = ()) -> Iterator[None]:
        """Look at the documents that have changed, and make the sets of these fields.

        Yields:
            Whenever something else may be done: changes too. At the end everything is up to date.
        """
        while self._look_at_some() or any(self._make_one(field) for field in fields):
            yield

    def _look_at_some(self) -> bool:
        """Look at some documents that have changed; tell whether there were any."""
        count = min(_AT_A_TIME, len(self._stale))
        for _ in range(count):
            self._look_at(self._stale.popitem()[0])
        return count > 0

    def _make_one(self, field: Field) -> bool:
        """Make the sets of a field in one block; tell whether there was one without."""
        number = self.number(field)
        if number in self._complete:
            return False
        for block in self._blocks:
            if not block.is_made(number):
                block.make(number, field)
                return True
        self._complete.add(number)
        return False

    def blocks(self, lower: bytes, upper: bytes) -> Sequence[Block]:
        """List the blocks that may have keys from `lower` up to but without `upper`."""
        first = max(bisect_right(self._starts, lower) - 1, 0)
        return self._blocks[first : bisect_left(self._starts, upper)]

    def _look_at(self, record: Record) -> None:
        data = record.latest.data
        entry = self._entries.get(record)
        if entry is not None and entry.data is data:
            return
        key = self._key(record, data) if data else None
        if entry is not None:
            if entry.key == key:
                entry.block.change(entry, data)
                return
            self._remove(entry)
        if key is not None:
            if former := self._at(key):
                self._remove(former)  # the document was gone so long that its record has been forgotten
            self._add(Entry(record, data, key))

    def _key(self, record: Record, data: bytes) -> bytes | None:
        if len(self._order) == 1:  # by name alone: nothing of the document matters
            return ordering.descending(record.name) if self._order[0][1] is Mode.DESCENDING else record.name
        found = keys(self._order, partial.parse(data, self._names), record.name)
        return found[0] if found else None

    def _at(self, key: bytes) -> Entry | None:
        position = bisect_right(self._starts, key) - 1
        return self._blocks[position].at(key) if position >= 0 else None

    def _add(self, entry: Entry) -> None:
        self._entries[entry.record] = entry
        position = max(bisect_right(self._starts, entry.key) - 1, 0)
        if not self._blocks:
            self._insert(0, [entry])
            return
        block = self._blocks[position]
        if len(block.keys) < SIZE:
            self._starts[position] = min(self._starts[position], entry.key)
            block.add(entry)
        elif entry.key > self._blocks[-1].keys[-1]:
            self._insert(len(self._blocks), [entry])
        elif entry.key < self._starts[0]:
            self._insert(0, [entry])
        else:
            self._insert(position + 1, block.cut())
            self._add(entry)

    def _insert(self, position: int, entries: Sequence[Entry]) -> None:
        block = Block()
        for entry in entries:
            block.add(entry)
        self._complete.clear()
        self._blocks.insert(position, block)
        self._starts.insert(position, block.keys[0])

    def _remove(self, entry: Entry) -> None:
        del self._entries[entry.record]
        entry.block.remove(entry)
        position = bisect_right(self._starts, entry.key) - 1
        if not entry.block.keys:
            del self._blocks[position], self._starts[position]
        elif len(entry.block.keys) < SIZE // 4:
            self._join(position)

    def _join(self, position: int) -> None:
        """Put the next block's entries into one that is nearly empty, or there would be ever more of them."""
        block, *following = self._blocks[position : position + 2]
        if following and len(following[0].keys) < SIZE // 4:
            for entry in following[0].entries:
                block.add(entry)
            del self._blocks[position + 1], self._starts[position + 1]
