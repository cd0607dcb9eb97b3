"""Machines that a long search finds only by verification: their names repeat a run of 24 characters.

There are hardly any. Their terms find candidates, all of which are read and verified for each page. Only
those that match stay in memory.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.concurrency import run_concurrently
from shared.domain import search
from shared.domain.deadline import Deadline
from shared.domain.errors import Fault, Invalid
from shared.domain.machine_filter import MachineFilter
from shared.pb.inventory.v1.documents_pb2 import SerializedDocument
from shared.store import paths
from shared.store.firestore import Firestore
from shared.store.machine_queries import machines_query
from shared.store.machines import FoundMachine
from shared.store.page_size import MAX_PAGE_BYTES


async def find_verified(
    firestore: Firestore,
    machine_filter: MachineFilter,
    label_set_batches: Sequence[Sequence[str]],
    deadline: Deadline,
    *,
    as_of: datetime | None = None,
) -> tuple[list[FoundMachine], datetime | None]:
    """Return the machines that match a filter but that its terms alone do not find, and the reads' time.

    The caller must read the machines that the terms find as of that time too. Otherwise, a machine that is
    renamed in between could be missed, or found twice.

    Args:
        firestore: the database.
        machine_filter: the filter; only a search of more than `search.MAX_RUN_LENGTH` characters has
            candidates.
        label_set_batches: the sets of label keys that the machines can have, a batch for each query; an empty
            batch allows any.
        deadline: when to stop.
        as_of: the time of the reads, which several batches must have; without it, now. Without reads, it is
            returned unchanged.

    Raises:
        Invalid: the matching machines are too large together.
    """
    part = search.fold(machine_filter.search or "")
    if not search.candidates(machine_filter.organization_id, part):
        return [], as_of
    parent = paths.organization(machine_filter.organization_id)
    found: list[FoundMachine] = []

    def read(document: SerializedDocument) -> _Candidate:
        machine = FoundMachine.of(document)
        is_match = search.verify(machine.plain["name"] or "", machine.plain["hostname"] or "", part)
        return _Candidate(machine.id, machine if is_match else None)

    async def verify(label_sets: Sequence[str]) -> datetime:
        query = machines_query(firestore, machine_filter, label_sets=label_sets, candidates=True)
        candidates, time = await firestore.count_with_time(parent, query, deadline, as_of=as_of)
        after: str | None = None
        has_more = candidates > 0
        while has_more:
            query = machines_query(
                firestore, machine_filter, label_sets=label_sets, after=after, candidates=True
            )
            batch, has_more = await firestore.query_within(
                parent, query, deadline, read, max_bytes=MAX_PAGE_BYTES, as_of=time
            )
            found.extend(candidate.match for candidate in batch if candidate.match is not None)
            if sum(machine.size for machine in found) > MAX_PAGE_BYTES:
                message = (
                    f"The machines are too large for a search of more than {search.MAX_RUN_LENGTH} characters"
                )
                raise Invalid([Fault(("query", "search"), "too_large", message)])
            after = batch[-1].machine_id
        return time

    times = await run_concurrently(map(verify, label_set_batches))
    return found, times[0] if times else as_of


class _Candidate(NamedTuple):
    """A machine that was verified; if it does not match, only its id, because it can be large."""

    machine_id: str
    match: FoundMachine | None
