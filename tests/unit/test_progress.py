"""Responses that only report progress: production sends them in long calls, the emulator never."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import grpc
import pytest

from google_apis.firestore.firestore_pb2 import RunAggregationQueryRequest, RunAggregationQueryResponse
from shared.domain.deadline import Deadline
from shared.store.firestore import Firestore
from shared.store.queries import all_in

EARLIER, LATER = datetime(2030, 1, 31, 12, tzinfo=UTC), datetime(2030, 1, 31, 13, tzinfo=UTC)


class Counting(grpc.GenericRpcHandler):
    """Counts seven documents, with a report of progress before and after the result."""

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[RunAggregationQueryRequest, RunAggregationQueryResponse]":
        assert handler_call_details.method == "/google.firestore.v1.Firestore/RunAggregationQuery"
        return grpc.unary_stream_rpc_method_handler(
            self._run,
            request_deserializer=RunAggregationQueryRequest.FromString,
            response_serializer=RunAggregationQueryResponse.SerializeToString,
        )

    async def _run(self, *_: object) -> AsyncIterator[RunAggregationQueryResponse]:
        yield RunAggregationQueryResponse(read_time=EARLIER)
        result = RunAggregationQueryResponse(read_time=LATER)
        result.result.aggregate_fields["count"].integer_value = 7
        yield result
        yield RunAggregationQueryResponse(read_time=LATER)


@pytest.fixture
async def firestore(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Firestore]:
    server = grpc.aio.server(handlers=[Counting()])
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    await server.start()
    yield Firestore("example", "(default)")
    await server.stop(None)


async def test_a_count_is_the_result_and_not_the_progress_before_it(firestore: Firestore) -> None:
    """https://firebase.google.com/docs/firestore/reference/rpc/google.firestore.v1#runaggregationqueryresponse"""
    assert await firestore.count_with_time("", all_in("pools"), Deadline(5)) == (7, LATER)
