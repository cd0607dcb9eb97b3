"""Silent machines: connected ones without a recent heartbeat, at the old ends of the index of heartbeats."""

from datetime import datetime

from google_apis.firestore.document_pb2 import Document, Value
from google_apis.firestore.query_pb2 import StructuredQuery
from shared.domain.deadline import Deadline
from shared.store.firestore import Firestore
from shared.store.heartbeats import SHARD, SHARDS
from shared.store.machines import MACHINE_SELECTION
from shared.store.queries import FieldFilter, all_in, all_of, condition


async def find_silent(
    firestore: Firestore, *, since: datetime, after: Document | None, limit: int, deadline: Deadline
) -> tuple[list[Document], datetime]:
    """Read connected machines of all organizations whose `last_seen` is before a time, oldest first.

    Args:
        firestore: the database.
        since: the time.
        after: the last document of the previous page, if there is one.
        limit: the most machines to return.
        deadline: when to stop.

    Returns:
        The machines' documents, and the read time.
    """
    query = all_in("machines", all_descendants=True)
    query.select.fields.extend(MACHINE_SELECTION)
    shards, before = Value(), Value()
    shards.array_value.values.extend(Value(integer_value=shard) for shard in range(SHARDS))
    before.timestamp_value.FromDatetime(since)
    conditions = [
        condition(SHARD, FieldFilter.IN, shards),
        condition("last_seen", FieldFilter.LESS_THAN, before),
    ]
    query.where.CopyFrom(all_of(conditions))
    for field in ("last_seen", "__name__"):
        query.order_by.add(direction=StructuredQuery.ASCENDING).field.field_path = field
    if after is not None:
        query.start_at.values.extend([after.fields["last_seen"], Value(reference_value=after.name)])
    query.limit.value = limit
    return await firestore.query_with_time("", query, deadline)
