"""An index: the documents of a scope in a sort order, with the sets of documents that have certain values.

A write only marks the document as stale in each index of its scopes. The index is updated in small steps, so
that other calls are served in between: a moment later, or by a query that needs it before. Indexes that are
neither declared nor queried cost nothing.

A query for several values intersects the sets of documents with each value, as production merges its indexes.
So one set of values per queried field is enough, instead of one index per combination of fields:
https://firebase.google.com/docs/firestore/query-data/index-overview#taking_advantage_of_index_merging
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from typing import TYPE_CHECKING

from infra.local.firestore import ordering, partial
from infra.local.firestore.block import SIZE, Block, Entry
from infra.local.firestore.index_keys import Mode, Spec, sort_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from infra.local.firestore.state import Record
    from infra.local.firestore.values import Field

_STEP = 0.002  # seconds for updating stale documents in one step


class SortedIndex:
    """An index of the documents in a scope that have all fields of a sort order, which ends with the name."""

    def __init__(self, order: Spec, records: Iterable[Record]) -> None:
        self._order = order
        self._names = {path[0] for path, _ in order}
        self._blocks: list[Block] = []
        self._starts: list[bytes] = []  # a lower bound of the keys of each block
        self._entries: dict[Record, Entry] = {}
        self._numbers: dict[Field, int] = {}
        self._complete: set[int] = set()  # the fields with sets in all blocks
        # Oldest first: names and times often grow, and then a full block is followed by a new one, not split.
        # A deleted document loses its entry before a later one of the same name gets the same key.
        self._stale = OrderedDict.fromkeys(records)

    def touch(self, record: Record) -> None:
        """Mark a document as stale."""
        self._stale[record] = None

    @property
    def fields(self) -> Collection[Field]:
        """The fields whose sets a query or a declared index needs."""
        return self._numbers

    def number(self, field: Field) -> int:
        """Return the number of a field in blocks; assign one if needed."""
        return self._numbers.setdefault(field, len(self._numbers))

    def bring_up_to_date(self, fields: Collection[Field] = ()) -> Iterator[None]:
        """Update the entries of stale documents, and build the sets of these fields.

        Yields:
            Between steps, so that others can run and even change documents. At the end, the index is up to
            date.
        """
        while self._look_at_some() or any(self._make_one(field) for field in fields):
            yield

    def _look_at_some(self) -> bool:
        """Update the entries of some stale documents; return whether there are more."""
        end = time.monotonic() + _STEP
        while self._stale and time.monotonic() < end:
            self._look_at(self._stale.popitem(last=False)[0])
        return bool(self._stale)

    def _make_one(self, field: Field) -> bool:
        """Build the sets of a field in one block; return whether a block lacked them."""
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
        """Return the blocks that can have keys from `lower` (inclusive) to `upper` (exclusive)."""
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
            self._add(Entry(record, data, key))

    def _key(self, record: Record, data: bytes) -> bytes | None:
        if len(self._order) == 1:  # by name only: the content is not needed
            return ordering.descending(record.name) if self._order[0][1] is Mode.DESCENDING else record.name
        return sort_key(self._order, partial.parse(data, self._names), record.name)

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
            self._join(position - 1)

    def _join(self, position: int) -> None:
        """Merge a block with the next, if both exist and are nearly empty, to limit their number."""
        block, *following = self._blocks[max(position, 0) : position + 2]
        if following and all(len(one.keys) < SIZE // 4 for one in (block, *following)):
            for entry in following[0].entries:
                block.add(entry)
            del self._blocks[position + 1], self._starts[position + 1]
