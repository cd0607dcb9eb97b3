"""How a query's documents are sent over the network."""

from collections.abc import Iterator, Sequence

import grpc
import pytest
from google.cloud.firestore import Client, CollectionReference

from google_apis.firestore.firestore_pb2 import RunQueryRequest, RunQueryResponse
from shared.store.queries import all_in
from tests.emulators.firestore.emulator import Emulator
from tests.relay import watched

METHOD = "/google.firestore.v1.Firestore/RunQuery"
DATA = 0  # the frame type: RFC 9113, section 6.1
HEADER = 9  # bytes of a frame's header: three for the length, then one for the type: section 4.1
MIB = 2**20


@pytest.mark.parametrize("sizes", [[1] * 500, [1000] * 500, [MIB - 2000] * 5, [MIB - 2000, 1, 70_000, 1]])
def test_documents_of_any_size_come(
    sizes: Sequence[int], client: Client, cities: CollectionReference
) -> None:
    batch = client.batch()
    for number, size in enumerate(sizes):
        batch.set(cities.document(f"{number:04}"), {"text": "x" * size})
    batch.commit()

    assert [len(document.get("text")) for document in cities.stream()] == sizes


async def test_small_documents_come_together(
    emulator: Emulator, cities: CollectionReference, database: str
) -> None:
    for _ in range(100):
        cities.add({"text": "x" * 100})
    request = RunQueryRequest(parent=f"{database}/documents", structured_query=all_in(cities.id))

    async with watched(emulator.host) as (address, received), grpc.aio.insecure_channel(address) as channel:
        query: grpc.aio.UnaryStreamMultiCallable[RunQueryRequest, RunQueryResponse] = channel.unary_stream(
            METHOD,
            request_serializer=RunQueryRequest.SerializeToString,
            response_deserializer=RunQueryResponse.FromString,
        )
        responses = [response async for response in query(request)]

    assert len(responses) == 100
    assert list(types_of_frames(received)).count(DATA) < 10


def types_of_frames(data: bytearray) -> Iterator[int]:
    start = 0
    while start < len(data):
        yield data[start + 3]
        start += HEADER + int.from_bytes(data[start : start + 3], "big")
