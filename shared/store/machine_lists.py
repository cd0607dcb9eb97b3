"""Lists of machines: pages and totals."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from itertools import accumulate, chain
from operator import attrgetter
from typing import Any

from google_apis.firestore.query_pb2 import StructuredQuery
from shared.concurrency import run_concurrently
from shared.domain.deadline import Deadline
from shared.domain.errors import Fault, Invalid
from shared.domain.machine_filter import MachineFilter
from shared.domain.plain import Plain
from shared.store import paths
from shared.store.batches import batches
from shared.store.firestore import Firestore
from shared.store.label_sets import LabelSets
from shared.store.long_searches import find_verified
from shared.store.machine_queries import fits_one_query, label_sets_a_query, machines_query
from shared.store.machines import FoundMachine, id_of
from shared.store.page_size import MAX_PAGE_BYTES, page_too_large


class MatchingMachines:
    """The machines that match a filter, newest first.

    Args:
        firestore: the database.
        machine_filter: the filter.
        label_set_batches: the sets of label keys that the machines can have, a batch for each query; an empty
            batch allows any.
        verified: the matching machines that no query finds.
        as_of: the time of the reads; without it, now.
    """

    def __init__(
        self,
        firestore: Firestore,
        machine_filter: MachineFilter,
        label_set_batches: Sequence[Sequence[str]],
        verified: Sequence[FoundMachine],
        as_of: datetime | None,
    ) -> None:
        self._firestore = firestore
        self._filter = machine_filter
        self._label_set_batches = label_set_batches
        self._verified = verified
        self._as_of = as_of
        self._parent = paths.organization(machine_filter.organization_id)

    async def total(self, deadline: Deadline) -> int:
        """Count the machines, which costs one read for each 1,000."""
        counts = (
            self._firestore.count(self._parent, query, deadline, as_of=self._as_of)
            for query in self._queries(self._label_set_batches)
        )
        return sum(await run_concurrently(counts)) + len(self._verified)

    async def page(
        self,
        *,
        offset: int = 0,
        after: str | None = None,
        limit: int,
        deadline: Deadline,
        parameter: str = "limit",
    ) -> list[Plain]:
        """Read a page of machines, as plain values.

        Args:
            offset: how many machines to skip; Firestore reads them too.
            after: the id of the previous page's last machine, instead of an offset; skips without reads.
            limit: the most machines to return.
            deadline: when to stop.
            parameter: the query parameter with the limit, which errors name.

        Raises:
            Invalid: the machines are too large for one page.
        """
        if len(self._label_set_batches) == 1 and not self._verified:
            [query] = self._queries(self._label_set_batches, after)
            query.offset = offset
            query.limit.value = limit
            found = await self._read(query, deadline)
        else:
            if offset:
                passed = await self._newest(offset, after, lambda query: self._read_ids(query, deadline))
                if len(passed) < offset:
                    return []
                after = passed[-1].id
            found = await self._newest(limit, after, lambda query: self._read(query, deadline))
        if sum(machine.size for machine in found) > MAX_PAGE_BYTES:
            raise page_too_large("machines", parameter)
        return [machine.plain for machine in found]

    async def _newest(
        self,
        limit: int,
        after: str | None,
        read: Callable[[StructuredQuery], Coroutine[Any, Any, list[FoundMachine]]],
    ) -> list[FoundMachine]:
        """Return the newest machines of all queries, or as many as are too large for one page.

        The first step is one query, and each other step is as many queries as there were before. They only
        read machines newer than the oldest of a full page, so each step reads about one page.
        """
        verified = (machine for machine in self._verified if after is None or machine.id < after)
        found, is_full = _page_of(verified, limit)
        made = 0
        while made < len(self._label_set_batches):
            step = self._label_set_batches[made : 2 * made or 1]
            queries = self._queries(step, after, found[-1].id if is_full else None)
            for query in queries:
                query.limit.value = limit
            parts = await run_concurrently(read(query) for query in queries)
            found, is_full = _page_of(chain(found, *parts), limit)
            made += len(step)
        return found

    async def _read(self, query: StructuredQuery, deadline: Deadline) -> list[FoundMachine]:
        """Read machines; if those of the query are too large for one page, the last one has that size."""
        found, has_more = await self._firestore.query_within(
            self._parent, query, deadline, FoundMachine.of, max_bytes=MAX_PAGE_BYTES, as_of=self._as_of
        )
        if has_more:
            found[-1] = found[-1]._replace(size=MAX_PAGE_BYTES + 1)
        return found

    async def _read_ids(self, query: StructuredQuery, deadline: Deadline) -> list[FoundMachine]:
        """Read only the ids, because a whole fleet may have to be skipped."""
        query.ClearField("select")
        query.select.fields.add(field_path="__name__")
        return await self._firestore.query_serialized(
            self._parent,
            query,
            deadline,
            lambda document: FoundMachine(id_of(document), 0, {}),
            as_of=self._as_of,
        )

    def _queries(
        self, label_set_batches: Sequence[Sequence[str]], after: str | None = None, oldest: str | None = None
    ) -> list[StructuredQuery]:
        return [
            machines_query(self._firestore, self._filter, label_sets=label_sets, after=after, oldest=oldest)
            for label_sets in label_set_batches
        ]


def _page_of(machines: Iterable[FoundMachine], limit: int) -> tuple[list[FoundMachine], bool]:
    """Return the newest machines, and whether their page cannot have any older ones.

    They end with the first that makes the page too large: with it, the page is rejected anyway.
    """
    found = sorted(machines, key=attrgetter("id"), reverse=True)[:limit]
    for number, size in enumerate(accumulate(machine.size for machine in found), 1):
        if size > MAX_PAGE_BYTES:
            return found[:number], True
    return found, len(found) == limit


class MachineLists:
    """Makes `MatchingMachines` for filters."""

    def __init__(self, firestore: Firestore) -> None:
        self._firestore = firestore
        self._label_sets = LabelSets(firestore)

    async def of(self, machine_filter: MachineFilter, deadline: Deadline) -> MatchingMachines:
        """Return the machines that match a filter.

        Raises:
            Invalid: the filter has more labels than one query can contain, or machines that only verification
                finds are too large together.
        """
        if not fits_one_query(machine_filter):
            cause = " with a search of this length" if machine_filter.search else ""
            message = f"must be given fewer times{cause}"
            raise Invalid([Fault(("query", "label"), "too_many", message)])
        label_set_batches, as_of = await self._allowed_label_sets(machine_filter, deadline)
        verified, as_of = await find_verified(
            self._firestore, machine_filter, label_set_batches, deadline, as_of=as_of
        )
        return MatchingMachines(self._firestore, machine_filter, label_set_batches, verified, as_of)

    async def _allowed_label_sets(
        self, machine_filter: MachineFilter, deadline: Deadline
    ) -> tuple[Sequence[Sequence[str]], datetime | None]:
        absent = [label.key for label in machine_filter.labels if label.absent]
        if not absent:
            return [[]], None
        allowed, as_of = await self._label_sets.lacking(machine_filter.organization_id, absent, deadline)
        return list(batches(allowed, label_sets_a_query(machine_filter))), as_of
