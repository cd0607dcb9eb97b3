"""Which connected machines are not heard of any more: the old ends of the index of heartbeats."""

from datetime import datetime

from google_apis.firestore.document_pb2 import Document, Value
from google_apis.firestore.query_pb2 import Cursor, StructuredQuery
from shared.domain.deadline import Deadline
from shared.store.firestore import Firestore
from shared.store.heartbeats import SHARD, SHARDS
from shared.store.machines import MACHINE_FIELDS
from shared.store.queries import all_in


async def find_silent(
    firestore: Firestore, *, since: datetime, after: Document | None, limit: int, deadline: Deadline
) -> list[Document]:
    """Read connected machines of all organizations that were last heard of before a time, longest first.

    Args:
        firestore: where they are.
        since: the time.
        after: the last document of the page before, if there is one.
        limit: how many at most.
        deadline: how long it may take.
    """
    query = all_in("machines", all_descendants=True)
    for name in MACHINE_FIELDS:
        query.select.fields.add(field_path=name)
    filters = query.where.composite_filter
    filters.op = StructuredQuery.CompositeFilter.AND
    shards = filters.filters.add().field_filter
    shards.field.field_path = SHARD
    shards.op = StructuredQuery.FieldFilter.IN
    shards.value.array_value.values.extend(Value(integer_value=shard) for shard in range(SHARDS))
    silent = filters.filters.add().field_filter
    silent.field.field_path = "last_seen"
    silent.op = StructuredQuery.FieldFilter.LESS_THAN
    silent.value.timestamp_value.FromDatetime(since)
    for field in ("last_seen", "__name__"):
        query.order_by.add(direction=StructuredQuery.ASCENDING).field.field_path = field
    if after is not None:
        position = [after.fields["last_seen"], Value(reference_value=after.name)]
        query.start_at.CopyFrom(Cursor(values=position, before=False))
    query.limit.value = limit
    return await firestore.query("", query, deadline)
