"""The members of pools, which are read and counted by the `pool_ids` of machines.

Memberships are stored only in the machines, in `pool_ids`. So an assignment writes only machines, and no
document is hot. In return, the size of a pool must be counted, at one read for each 1,000 members.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from google_apis.firestore.query_pb2 import StructuredQuery
from shared.concurrency import run_concurrently
from shared.domain.deadline import Deadline
from shared.domain.plain import Plain
from shared.pb.inventory.v1.documents_pb2 import SerializedDocument
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store import paths
from shared.store.firestore import Firestore
from shared.store.machines import MACHINE_SELECTION, id_of, plain_machine
from shared.store.member_names import members_query
from shared.store.page_size import MAX_PAGE_BYTES


async def list_members(  # noqa: PLR0913 - a page, by name
    firestore: Firestore,
    organization_id: str,
    pool_id: str,
    *,
    limit: int,
    deadline: Deadline,
    max_bytes: int = MAX_PAGE_BYTES,
    known: Mapping[str, Plain] = MappingProxyType({}),
    as_of: datetime | None = None,
) -> tuple[list[Plain], bool]:
    """Read the newest machines of a pool, newest first, as in lists of machines.

    For machines in `known`, by id, the result has these values, because that saves decoding them.

    Returns:
        The machines, and whether they are fewer than wanted because more would exceed `max_bytes`.
    """

    def read(document: SerializedDocument) -> Plain:
        shown = known.get(id_of(document))
        return plain_machine(document) if shown is None else shown

    query = members_query(pool_id)
    query.select.fields.extend(MACHINE_SELECTION)
    query.order_by.add(direction=StructuredQuery.DESCENDING).field.field_path = "__name__"
    query.limit.value = limit
    return await firestore.query_within(
        paths.organization(organization_id), query, deadline, read, max_bytes=max_bytes, as_of=as_of
    )


async def count_members_of_each(
    firestore: Firestore, organization_id: str, pools: Iterable[Pool], deadline: Deadline
) -> list[int]:
    """Count the machines of each pool."""
    return await run_concurrently(
        count_members(firestore, organization_id, pool.id, deadline) for pool in pools
    )


async def count_members(
    firestore: Firestore,
    organization_id: str,
    pool_id: str,
    deadline: Deadline,
    *,
    as_of: datetime | None = None,
) -> int:
    """Count the machines of a pool."""
    parent = paths.organization(organization_id)
    return await firestore.count(parent, members_query(pool_id), deadline, as_of=as_of)
