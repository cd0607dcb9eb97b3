"""The RPCs of `google.firestore.v1` that the product uses, with plain messages.

The generated client would wrap each message in another class and send each call through an interceptor for
logs. That takes a fifth of a request's CPU: docs/decisions/0010-plain-rpcs.md.
"""

from typing import TYPE_CHECKING, TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.firestore_pb2 import (
    BatchGetDocumentsRequest,
    BatchGetDocumentsResponse,
    BatchWriteResponse,
    CommitResponse,
    GetDocumentRequest,
    RollbackRequest,
    RunAggregationQueryRequest,
    RunAggregationQueryResponse,
    RunQueryRequest,
    RunQueryResponse,
)
from shared.channels import connect
from shared.pb.inventory.v1.documents_pb2 import SerializedDocument, SerializedGetResponse, SerializedResponse

if TYPE_CHECKING:
    import grpc

# The service's google.api.default_host and google.api.oauth_scopes in google/firestore/v1/firestore.proto.
HOST = "firestore.googleapis.com"
SCOPES = ("https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/datastore")

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)

_SERVICE = "/google.firestore.v1.Firestore"


class Rpcs:
    """The RPCs of one channel, which belongs to the event loop that it is made in."""

    def __init__(self) -> None:
        channel = connect("FIRESTORE_EMULATOR_HOST", HOST, SCOPES)
        self.commit: grpc.aio.UnaryUnaryMultiCallable[bytes, CommitResponse] = channel.unary_unary(
            f"{_SERVICE}/Commit",  # its requests are already serialized: shared/store/wire_format.py
            response_deserializer=CommitResponse.FromString,
        )
        # Its request has the same fields as a commit, without a transaction.
        self.batch_write: grpc.aio.UnaryUnaryMultiCallable[bytes, BatchWriteResponse] = channel.unary_unary(
            f"{_SERVICE}/BatchWrite", response_deserializer=BatchWriteResponse.FromString
        )
        self.rollback: grpc.aio.UnaryUnaryMultiCallable[RollbackRequest, Empty] = channel.unary_unary(
            f"{_SERVICE}/Rollback",
            request_serializer=RollbackRequest.SerializeToString,
            response_deserializer=Empty.FromString,
        )

        def get(response: type[Response]) -> "grpc.aio.UnaryUnaryMultiCallable[GetDocumentRequest, Response]":
            return channel.unary_unary(
                f"{_SERVICE}/GetDocument",
                request_serializer=GetDocumentRequest.SerializeToString,
                response_deserializer=response.FromString,
            )

        self.get_document = get(Document)
        self.get_serialized = get(SerializedDocument)

        def stream(
            method: str, request: type[Request], response: type[Response]
        ) -> "grpc.aio.UnaryStreamMultiCallable[Request, Response]":
            return channel.unary_stream(
                f"{_SERVICE}/{method}",
                request_serializer=request.SerializeToString,
                response_deserializer=response.FromString,
            )

        self.batch_get_documents = stream(
            "BatchGetDocuments", BatchGetDocumentsRequest, BatchGetDocumentsResponse
        )
        self.batch_get_serialized = stream(
            "BatchGetDocuments", BatchGetDocumentsRequest, SerializedGetResponse
        )
        self.run_query = stream("RunQuery", RunQueryRequest, RunQueryResponse)
        self.run_aggregation_query = stream(
            "RunAggregationQuery", RunAggregationQueryRequest, RunAggregationQueryResponse
        )
        # Here the values of documents stay serialized: proto/inventory/v1/documents.proto.
        self.run_query_serialized = stream("RunQuery", RunQueryRequest, SerializedResponse)
