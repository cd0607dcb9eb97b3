"""The read time of a stream, whose last response may say only that the stream is at its end."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.message import Message

from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.firestore_pb2 import BatchGetDocumentsResponse, RunQueryResponse
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.store.firestore import Firestore
from shared.store.queries import all_in
from shared.store.transaction import Transaction

NAME = "projects/p/databases/d/documents/outbox/1"
BEFORE, TIME = (datetime(2030, 1, 1, second=second, tzinfo=UTC) for second in (1, 2))
RESPONSES: dict[str, Sequence[Message]] = {
    "RunQuery": [
        RunQueryResponse(read_time=BEFORE, skipped_results=1),
        RunQueryResponse(document=Document(name=NAME), read_time=TIME),
        RunQueryResponse(done=True),
    ],
    "BatchGetDocuments": [
        BatchGetDocumentsResponse(transaction=b"t"),
        BatchGetDocumentsResponse(found=Document(name=NAME), read_time=TIME),
        BatchGetDocumentsResponse(),
    ],
}


class Scripted(grpc.GenericRpcHandler):
    """Answers each call of a method with the same responses."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        method = handler_call_details.method.rpartition("/")[2]

        async def respond(_: bytes, __: object) -> AsyncIterator[bytes]:
            for response in RESPONSES[method]:
                yield response.SerializeToString()

        return grpc.unary_stream_rpc_method_handler(respond)


@pytest.fixture
async def firestore(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Firestore]:
    server = grpc.aio.server(handlers=[Scripted()])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{port}")
    yield Firestore("p", "d")
    await server.stop(None)


async def test_a_query_has_the_last_time_of_its_responses(firestore: Firestore) -> None:
    documents, time = await firestore.query_with_time("", all_in("outbox"), Deadline(5))
    assert ([document.name for document in documents], time) == ([NAME], TIME)


async def test_a_transaction_has_the_last_time_of_its_responses(firestore: Firestore) -> None:
    transaction = Transaction(firestore, Deadline(5))
    assert (await transaction.get(["outbox/1"])).keys() == {"outbox/1"}
    assert transaction.read_time == TIME


async def test_a_query_without_a_time_is_no_answer(
    firestore: Firestore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise, its time would be 1970, at which no event is old enough and no machine silent."""
    monkeypatch.setitem(RESPONSES, "RunQuery", [RunQueryResponse(done=True)])
    with pytest.raises(Unavailable):
        await firestore.query_with_time("", all_in("outbox"), Deadline(0.2))
