"""An index is created when a query first needs it, while other calls continue."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from google.cloud.firestore_v1.types import CommitRequest, RunAggregationQueryRequest

from tests.emulators.firestore.emulator import Emulator

DOCUMENTS = 4_000
AT_ONCE = 500
FIELDS = 100

COUNT_ALL = {
    "structured_query": {
        "from_": [{"collection_id": "items"}],
        "where": {
            "field_filter": {
                "field": {"field_path": "terms.all"},
                "op": "EQUAL",
                "value": {"boolean_value": True},
            }
        },
    },
    "aggregations": [{"alias": "all", "count": {}}],
}


@pytest.fixture
async def firestore(emulator: Emulator) -> AsyncIterator[FirestoreAsyncClient]:
    async with grpc.aio.insecure_channel(emulator.host) as channel:
        yield FirestoreAsyncClient(transport=FirestoreGrpcAsyncIOTransport(channel=channel))


async def test_other_calls_are_served_while_a_query_makes_its_index(
    firestore: FirestoreAsyncClient, database: str
) -> None:
    """After the query is sent, and before it is answered, one document is read and another one deleted."""
    for start in range(0, DOCUMENTS, AT_ONCE):
        await firestore.commit(a_commit(database, range(start, start + AT_ONCE)))

    query = asyncio.create_task(count_all(firestore, database))
    await asyncio.sleep(0)
    await firestore.get_document(request={"name": f"{database}/documents/items/0"})
    await firestore.delete_document(name=f"{database}/documents/items/1")

    assert not query.done()
    assert await query == DOCUMENTS - 1


def a_commit(database: str, numbers: range) -> CommitRequest:
    request = CommitRequest(database=database)
    plain = CommitRequest.pb(request)
    for number in numbers:
        write = plain.writes.add()
        write.update.name = f"{database}/documents/items/{number}"
        terms = write.update.fields["terms"].map_value.fields
        for name in ("all", *(f"{number}-{field}" for field in range(FIELDS))):
            terms[name].boolean_value = True
    return request


async def count_all(firestore: FirestoreAsyncClient, database: str) -> int:
    request = RunAggregationQueryRequest(
        parent=f"{database}/documents", structured_aggregation_query=COUNT_ALL
    )
    [response] = [response async for response in await firestore.run_aggregation_query(request)]
    return int(response.result.aggregate_fields["all"].integer_value)
