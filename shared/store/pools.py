"""Pools in the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.query_pb2 import StructuredQuery
from shared.domain.deadline import Deadline
from shared.domain.errors import PoolNotFound
from shared.pb.inventory.v1.documents_pb2 import SerializedDocument
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store import memberships, paths, writes
from shared.store.codec import decode, decode_serialized
from shared.store.firestore import Firestore
from shared.store.page_size import MAX_PAGE_BYTES, page_too_large
from shared.store.queries import all_in
from shared.store.wire_format import Write


@dataclass(frozen=True)
class StoredPool:
    """A pool, and the document that it was read from, which is the precondition of a write."""

    pool: Pool
    document: Document


async def read_stored_pool(
    firestore: Firestore, organization_id: str, pool_id: str, deadline: Deadline
) -> StoredPool:
    """Read a pool.

    Raises:
        PoolNotFound: the organization has no pool with that id.
    """
    path = paths.pool(organization_id, pool_id)
    document = await firestore.get(path, deadline)
    if document is None:
        raise PoolNotFound(pool_id)
    return StoredPool(decode(document.fields, Pool), document)


async def find_pools(
    firestore: Firestore, organization_id: str, pool_ids: Sequence[str], deadline: Deadline
) -> list[Pool]:
    """Read pools and return those that exist, in the order of the given ids."""
    found = await memberships.read(
        partial(firestore.get_all, deadline=deadline), organization_id, pool_ids=pool_ids
    )
    return found.pools


async def pool_exists(firestore: Firestore, organization_id: str, pool_id: str, deadline: Deadline) -> bool:
    """Return whether a pool exists; until its cleanup, a deleted pool is still in `pool_ids` of machines."""
    path = paths.pool(organization_id, pool_id)
    return await firestore.get(path, deadline, fields=["version"]) is not None


def create_pool(firestore: Firestore, pool: Pool) -> Write:
    """Return the write that creates a pool's document; the commit fails if it exists."""
    return writes.create(firestore.name(paths.pool(pool.organization_id, pool.id)), pool)


async def list_pools(
    firestore: Firestore, organization_id: str, *, skip: int, limit: int, deadline: Deadline
) -> list[Pool]:
    """Read a page of an organization's pools, newest first.

    Raises:
        Invalid: the pools are too large for one page.
    """
    query = all_in("pools")
    # Not by name, although ids are UUIDv7, because Firestore's own index of names is ascending:
    # https://github.com/firebase/flutterfire/issues/4398
    query.order_by.add(direction=StructuredQuery.DESCENDING).field.field_path = "created_at"
    query.offset = skip
    query.limit.value = limit
    parent = paths.organization(organization_id)
    found, has_more = await firestore.query_within(parent, query, deadline, _read, max_bytes=MAX_PAGE_BYTES)
    if has_more:
        raise page_too_large("pools", "limit")
    return found


def _read(document: SerializedDocument) -> Pool:
    return Pool(**decode_serialized(document.fields, Pool))


async def count_pools(firestore: Firestore, organization_id: str, deadline: Deadline) -> int:
    """Count an organization's pools."""
    return await firestore.count(paths.organization(organization_id), all_in("pools"), deadline)
