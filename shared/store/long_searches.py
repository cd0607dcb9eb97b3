"""Machines that a long search finds only by verification: their names repeat a run of 24 characters.

There are hardly any. Their terms find candidates, all of which are read and verified for each page.
"""

from collections.abc import Sequence
from datetime import datetime

from shared.domain import search
from shared.domain.deadline import Deadline
from shared.domain.machine_filter import MachineFilter
from shared.domain.plain import Plain
from shared.store import paths
from shared.store.firestore import Firestore
from shared.store.machine_queries import machines_query
from shared.store.machines import plain_machine

BATCH = 100


async def find_verified(
    firestore: Firestore,
    machine_filter: MachineFilter,
    label_sets: Sequence[str],
    deadline: Deadline,
    *,
    as_of: datetime | None = None,
) -> tuple[list[Plain], datetime | None]:
    """Return the machines that match a filter but that its terms alone do not find, and the reads' time.

    The caller must read the machines that the terms find as of that time too. Otherwise, a machine that is
    renamed in between could be missed, or found twice.

    Args:
        firestore: the database.
        machine_filter: the filter; only a search of more than `search.MAX_RUN_LENGTH` characters has
            candidates.
        label_sets: the sets of label keys that the machines can have; if empty, any.
        deadline: when to stop.
        as_of: the time of the reads; without it, now. Without reads, it is returned unchanged.
    """
    part = search.fold(machine_filter.search or "")
    if not search.candidates(machine_filter.organization_id, part):
        return [], as_of
    parent = paths.organization(machine_filter.organization_id)
    query = machines_query(firestore, machine_filter, label_sets=label_sets, candidates=True)
    candidates, as_of = await firestore.count_with_time(parent, query, deadline, as_of=as_of)
    found: list[Plain] = []
    after: str | None = None
    for _ in range(0, candidates, BATCH):
        query = machines_query(firestore, machine_filter, label_sets=label_sets, after=after, candidates=True)
        query.limit.value = BATCH
        machines = await firestore.query_serialized(parent, query, deadline, plain_machine, as_of=as_of)
        found += [
            machine
            for machine in machines
            if search.verify(machine["name"] or "", machine["hostname"] or "", part)
        ]
        after = machines[-1]["id"]
    return found, as_of
