"""Declared indexes are built after each write, others by the first query that needs them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from google.cloud.firestore_v1.types import CommitRequest, RunAggregationQueryRequest

from infra.local.firestore import paths
from infra.local.firestore.index_keys import Mode
from infra.local.firestore.indexes import Composite, Indexes
from infra.local.firestore.values import Field
from tests import proc
from tests.emulators.firestore.emulator import Emulator, running

DOCUMENTS = 4_000
AT_ONCE = 500
FIELDS = 100

DECLARED = """
fieldOverrides:
- {collectionGroup: items, fieldPath: terms, indexes: [{order: ASCENDING, queryScope: COLLECTION}]}
"""
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


async def test_other_calls_are_served_while_a_query_builds_its_index(
    emulator: Emulator, database: str
) -> None:
    """After the query is sent, and before it is answered, one document is read and another one deleted."""
    async with filled(emulator, database) as firestore:
        query = asyncio.create_task(count_all(firestore, database))
        await asyncio.sleep(0)
        await firestore.get_document(request={"name": f"{database}/documents/items/0"})
        await firestore.delete_document(name=f"{database}/documents/items/1")

        assert not query.done()
        assert await query == DOCUMENTS - 1


async def test_a_declared_index_is_ready_before_the_first_query(
    emulator: Emulator, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "indexes.yaml"
    file.write_text(DECLARED)
    async with filled(emulator, database) as firestore:
        seconds = await cpu_seconds_to_count(emulator, firestore, database)
    with running("--indexes", str(file)) as declared:
        async with filled(declared, database) as firestore:
            await proc.idle(declared.process.pid)

            assert await cpu_seconds_to_count(declared, firestore, database) < seconds / 4


def test_a_declared_index_that_ends_with_an_array_finds_values_in_the_order_of_names() -> None:
    fields = ((("n",), Mode.ASCENDING), (("tags",), Mode.CONTAINS))
    indexes = Indexes(composites=(Composite("items", group=False, fields=fields),))
    by_name = ((paths.NAME, Mode.ASCENDING),)
    assert list(indexes.declared("items", group=False)) == [
        (by_name, Field(("n",), Mode.ASCENDING)),
        (by_name, Field(("tags",), Mode.CONTAINS)),
    ]


@asynccontextmanager
async def filled(emulator: Emulator, database: str) -> AsyncIterator[FirestoreAsyncClient]:
    """Store the documents, and return a client for them."""
    async with grpc.aio.insecure_channel(emulator.host) as channel:
        firestore = FirestoreAsyncClient(transport=FirestoreGrpcAsyncIOTransport(channel=channel))
        for start in range(0, DOCUMENTS, AT_ONCE):
            await firestore.commit(a_commit(database, range(start, start + AT_ONCE)))
        yield firestore


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


async def cpu_seconds_to_count(emulator: Emulator, firestore: FirestoreAsyncClient, database: str) -> float:
    before = proc.cpu_seconds(emulator.process.pid)
    assert await count_all(firestore, database) == DOCUMENTS
    return proc.cpu_seconds(emulator.process.pid) - before


async def count_all(firestore: FirestoreAsyncClient, database: str) -> int:
    request = RunAggregationQueryRequest(
        parent=f"{database}/documents", structured_aggregation_query=COUNT_ALL
    )
    [response] = [response async for response in await firestore.run_aggregation_query(request)]
    return int(response.result.aggregate_fields["all"].integer_value)
