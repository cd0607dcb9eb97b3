"""The query for a pool's members, and the names of their documents.

This is not in `members`, because that has more imports, and `pool_cleanup` would have a longer cold start.
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
    """Return the full names of the documents of some of a pool's machines."""
    query = members_query(pool_id)
    query.select.fields.add(field_path="__name__")
    query.limit.value = limit
    documents = await firestore.query(paths.organization(organization_id), query, deadline)
    return [document.name for document in documents]


def members_query(pool_id: str) -> StructuredQuery:
    """Return the query for a pool's machines, in an organization's collection of machines."""
    query = all_in("machines")
    query.where.CopyFrom(condition("pool_ids", FieldFilter.ARRAY_CONTAINS, Value(string_value=pool_id)))
    return query
