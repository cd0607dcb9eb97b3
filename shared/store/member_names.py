"""The members of a pool: how they are asked for, and their names alone.

Apart from `members`, whose imports would make the cold start of `pool_cleanup` longer: it needs no more.
"""

from google_apis.firestore.document_pb2 import Value
from google_apis.firestore.query_pb2 import StructuredQuery
from shared.domain.deadline import Deadline
from shared.store import paths
from shared.store.firestore import Firestore
from shared.store.queries import FieldFilter, all_in, condition


async def member_names(
    firestore: Firestore, organization_id: str, pool_id: str, *, limit: int, deadline: Deadline
) -> list[str]:
    """Name the documents of some machines of a pool."""
    query = members_query(pool_id)
    query.select.fields.add(field_path="__name__")
    query.limit.value = limit
    documents = await firestore.query(paths.organization(organization_id), query, deadline)
    return [document.name for document in documents]


def members_query(pool_id: str) -> StructuredQuery:
    """Ask for the machines of a pool, in an organization's collection of machines."""
    query = all_in("machines")
    query.where.CopyFrom(condition("pool_ids", FieldFilter.ARRAY_CONTAINS, Value(string_value=pool_id)))
    return query
