"""Time to live (TTL): expired documents are deleted some time later, as in production.

https://firebase.google.com/docs/firestore/ttl
"""

import asyncio

from google_apis.firestore.common_pb2 import Precondition
from google_apis.firestore.document_pb2 import Value
from google_apis.firestore.write_pb2 import Write
from infra.local.firestore import clock, names, ordering, writes
from infra.local.firestore.billing import Billing
from infra.local.firestore.index_keys import Mode
from infra.local.firestore.indexes import Indexes
from infra.local.firestore.paths import NAME, FieldPath
from infra.local.firestore.pauses import pauses
from infra.local.firestore.state import Record, Version
from infra.local.firestore.store import OpenDatabase, Store
from infra.local.status_errors import Aborted, FailedPrecondition


async def expire_forever(store: Store, billing: Billing, indexes: Indexes, interval: float) -> None:
    """Delete expired documents at an interval in seconds, forever."""
    while True:
        await asyncio.sleep(interval)
        for database in store.databases():
            for collection, field in indexes.ttls:
                await _expire(database, billing, collection, field)


async def _expire(database: OpenDatabase, billing: Billing, collection: str, field: FieldPath) -> None:
    for record, expired in await _expired(database, collection, field):
        await asyncio.sleep(0)  # so that other calls are served in between
        try:
            await database.commit([writes.check(_delete(database, record, expired), database.name)])
        except Aborted:
            continue  # it is in use; the next round finds it again
        except FailedPrecondition:
            continue  # it has changed since, perhaps its expiration time too
        billing.write(database.name, deletes=True)


async def _expired(database: OpenDatabase, collection: str, field: FieldPath) -> list[tuple[Record, Version]]:
    """Return the expired documents of a collection group, each with its expired version."""
    group = database.documents.groups.get(collection)
    if group is None:
        return []
    now = Value(timestamp_value=clock.to_timestamp(database.clock.read_time()))
    index = group.index(((field, Mode.ASCENDING), (NAME, Mode.ASCENDING)))
    await pauses(index.bring_up_to_date())
    # Only timestamps count; values of other types sort outside of these bounds.
    lower, upper = ordering.TIMESTAMP, ordering.encode(now)
    return [
        (entry.record, entry.record.latest)
        for block in index.blocks(lower, upper)
        for entry in block.members(block.between(lower, upper))
    ]


def _delete(database: OpenDatabase, record: Record, expired: Version) -> Write:
    """Return a write that deletes a document if this is still its version."""
    unchanged = Precondition(update_time=clock.to_timestamp(expired.updated))
    return Write(delete=names.document_name(database.name, record.path), current_document=unchanged)
