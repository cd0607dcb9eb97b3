"""Which connected machines are not heard of any more: an index on a time, in shards.

`last_seen` only grows. An index on it alone would take all heartbeats of all organizations at its end, and
Firestore sustains 500 writes a second there; in front of it a shard multiplies that:
https://cloud.google.com/firestore/docs/solutions/shard-timestamp
"""

import zlib
from datetime import datetime
from typing import Any

from google_apis.firestore.document_pb2 import Document, Value
from google_apis.firestore.query_pb2 import Cursor, StructuredQuery
from shared.domain.deadline import Deadline
from shared.pb.inventory.v1.machine_pb2 import MACHINE_STATUS_CONNECTED, Machine
from shared.store.firestore import Firestore
from shared.store.queries import all_in

# 24 * 500 = 12,000 heartbeats a second; one query may ask for 30 shards.
SHARDS = 24
SHARD = "heartbeat_shard"


def shard_fields(machine: Machine) -> dict[str, Any]:
    """Give the fields that put a machine into the index: none where it is not connected."""
    if machine.status != MACHINE_STATUS_CONNECTED:
        return {}
    return {SHARD: {"integer_value": zlib.crc32(machine.id.encode()) % SHARDS}}


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
