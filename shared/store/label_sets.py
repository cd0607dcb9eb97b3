"""The sets of label keys that the machines of an organization have.

Firestore cannot find documents that lack something. But a fleet has few sets of label keys, and each machine
has the name of its set. So the machines without a key are those of the sets without it. The sets are read
from their index, one document for each, and cached. If the machines of the cached sets are as many as all
machines, there is no new set.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import chain, pairwise
from string import hexdigits

from google_apis.firestore.document_pb2 import Value
from google_apis.firestore.query_pb2 import StructuredQuery
from shared.concurrency import run_concurrently
from shared.domain.deadline import Deadline
from shared.domain.machine_filter import MachineFilter
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store import paths
from shared.store.batches import batches
from shared.store.codec import decode
from shared.store.firestore import Firestore
from shared.store.machine_queries import MAX_ALTERNATIVES, machines_query
from shared.store.machines import LABEL_SET
from shared.store.queries import all_in

MAX_ORGANIZATIONS = 1000
# The most keys of all cached sets, of up to 370 bytes each. One organization can have hundreds of thousands,
# and would take an instance's memory from the others. Its sets are then read for each list.
MAX_KEYS = 100_000


class LabelSets:
    """Caches the sets of label keys of organizations, and evicts the least recently used organization."""

    def __init__(self, firestore: Firestore) -> None:
        self._firestore = firestore
        self._known: OrderedDict[str, Mapping[str, frozenset[str]]] = OrderedDict()
        self._sizes: dict[str, int] = {}

    async def lacking(
        self, organization_id: str, keys: Collection[str], deadline: Deadline
    ) -> tuple[list[str], datetime]:
        """Return the names of the sets that have none of some label keys, and the time of this result.

        At other times, a machine that has none of the keys can have another set.
        """
        everything = machines_query(self._firestore, MachineFilter(organization_id=organization_id))
        total, as_of = await self._firestore.count_with_time(
            paths.organization(organization_id), everything, deadline
        )
        known = self._known.get(organization_id)
        if known is None or await self._count(organization_id, known, as_of, deadline) != total:
            known = await self._read(organization_id, as_of, deadline)
        # Even if it was cached, because it may have been evicted meanwhile.
        self._remember(organization_id, known)
        return [name for name, held in known.items() if held.isdisjoint(keys)], as_of

    def _remember(self, organization_id: str, known: Mapping[str, frozenset[str]]) -> None:
        self._known[organization_id] = known
        self._known.move_to_end(organization_id)
        self._sizes[organization_id] = size = sum(map(len, known.values()))
        if size > MAX_KEYS:  # alone, so that the others stay
            self._known.move_to_end(organization_id, last=False)
        while len(self._known) > MAX_ORGANIZATIONS or sum(self._sizes.values()) > MAX_KEYS:
            evicted, _ = self._known.popitem(last=False)
            del self._sizes[evicted]

    async def _count(
        self, organization_id: str, names: Collection[str], as_of: datetime, deadline: Deadline
    ) -> int:
        """Count the machines that have one of these sets."""
        everything = MachineFilter(organization_id=organization_id)
        queries = (
            machines_query(self._firestore, everything, label_sets=batch)
            for batch in batches(list(names), MAX_ALTERNATIVES)
        )
        parent = paths.organization(organization_id)
        counts = (self._firestore.count(parent, query, deadline, as_of=as_of) for query in queries)
        return sum(await run_concurrently(counts))

    async def _read(
        self, organization_id: str, as_of: datetime, deadline: Deadline
    ) -> dict[str, frozenset[str]]:
        """Read one machine of each set.

        Each read needs the result of the one before, so parts of the index are read side by side. One by one,
        a thousand sets would take longer than a request may.
        """
        parts = pairwise((*hexdigits[:16], "g"))
        reads = (self._read_part(organization_id, *part, as_of, deadline) for part in parts)
        return dict(chain.from_iterable(await run_concurrently(reads)))

    async def _read_part(
        self, organization_id: str, after: str, before: str, as_of: datetime, deadline: Deadline
    ) -> list[tuple[str, frozenset[str]]]:
        """Read one machine of each set of a part of the index: always the first after the last one's set."""
        parent = paths.organization(organization_id)
        known = []
        while found := await self._firestore.query(parent, _next_set(after, before), deadline, as_of=as_of):
            after = found[0].fields[LABEL_SET].string_value
            known.append((after, frozenset(decode(found[0].fields, Machine).labels)))
        return known


def _next_set(after: str, before: str) -> StructuredQuery:
    query = all_in("machines")
    query.order_by.add(direction=StructuredQuery.ASCENDING).field.field_path = LABEL_SET
    for path in (LABEL_SET, "labels"):
        query.select.fields.add(field_path=path)
    query.start_at.values.append(Value(string_value=after))
    query.end_at.values.append(Value(string_value=before))
    query.end_at.before = True
    query.limit.value = 1
    return query
