"""The RPCs of `google.firestore.v1` that the product makes, with plain messages.

The generated client would wrap each message in a class of its own and send each call through an interceptor
for logs, which is a fifth of a request's CPU: docs/decisions/0010-plain-rpcs.md. Its transport makes the
channel all the same, with Google's address, credentials and scopes.
"""

import os

import grpc
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from google.protobuf.empty_pb2 import Empty

from shared.store.wire import (
    BatchGetDocumentsRequest,
    BatchGetDocumentsResponse,
    CommitResponse,
    RollbackRequest,
    RunAggregationQueryRequest,
    RunAggregationQueryResponse,
    RunQueryRequest,
    RunQueryResponse,
)

_SERVICE = "/google.firestore.v1.Firestore"
# A document may have 1 MiB, but gRPC's own limit of 4 MiB would hold for a request of many.
_OPTIONS = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))


class Rpcs:
    """The calls of one channel, which belongs to the event loop that it is made in."""

    def __init__(self) -> None:
        emulator = os.environ.get("FIRESTORE_EMULATOR_HOST")
        channel: grpc.aio.Channel = (
            grpc.aio.insecure_channel(emulator, options=_OPTIONS)
            if emulator
            else FirestoreGrpcAsyncIOTransport.create_channel(options=_OPTIONS)
        )
        self.commit: grpc.aio.UnaryUnaryMultiCallable[bytes, CommitResponse] = channel.unary_unary(
            f"{_SERVICE}/Commit",  # its requests are serialized before: shared/store/wire_format.py
            response_deserializer=CommitResponse.FromString,
        )
        self.rollback: grpc.aio.UnaryUnaryMultiCallable[RollbackRequest, Empty] = channel.unary_unary(
            f"{_SERVICE}/Rollback",
            request_serializer=RollbackRequest.SerializeToString,
            response_deserializer=Empty.FromString,
        )
        self.batch_get_documents: grpc.aio.UnaryStreamMultiCallable[
            BatchGetDocumentsRequest, BatchGetDocumentsResponse
        ] = channel.unary_stream(
            f"{_SERVICE}/BatchGetDocuments",
            request_serializer=BatchGetDocumentsRequest.SerializeToString,
            response_deserializer=BatchGetDocumentsResponse.FromString,
        )
        self.run_query: grpc.aio.UnaryStreamMultiCallable[RunQueryRequest, RunQueryResponse] = (
            channel.unary_stream(
                f"{_SERVICE}/RunQuery",
                request_serializer=RunQueryRequest.SerializeToString,
                response_deserializer=RunQueryResponse.FromString,
            )
        )
        self.run_aggregation_query: grpc.aio.UnaryStreamMultiCallable[
            RunAggregationQueryRequest, RunAggregationQueryResponse
        ] = channel.unary_stream(
            f"{_SERVICE}/RunAggregationQuery",
            request_serializer=RunAggregationQueryRequest.SerializeToString,
            response_deserializer=RunAggregationQueryResponse.FromString,
        )
