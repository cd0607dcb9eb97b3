"""The plain protobuf messages of `google.firestore.v1`.

The client library shows them wrapped by proto-plus, and wrapping costs half of a request's CPU. A wrapper
gives its plain class through `.pb()`: https://proto-plus-python.readthedocs.io/en/latest/messages.html. Those
classes come without types: a type checker is shown the stubs that were generated from the same descriptors
for the local emulator.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google_apis.firestore.common_pb2 import DocumentMask, Precondition, TransactionOptions
    from google_apis.firestore.document_pb2 import ArrayValue, Document, MapValue, Value
    from google_apis.firestore.firestore_pb2 import (
        BatchGetDocumentsRequest,
        BatchGetDocumentsResponse,
        CommitRequest,
        CommitResponse,
        RollbackRequest,
        RunAggregationQueryRequest,
        RunAggregationQueryResponse,
        RunQueryRequest,
        RunQueryResponse,
    )
    from google_apis.firestore.query_pb2 import Cursor, StructuredAggregationQuery, StructuredQuery
    from google_apis.firestore.write_pb2 import Write as WriteMessage
else:
    from google.cloud.firestore_v1 import types

    def _plain(wrapper: type) -> type:
        return type(wrapper.pb(wrapper()))

    ArrayValue = _plain(types.ArrayValue)
    BatchGetDocumentsRequest = _plain(types.BatchGetDocumentsRequest)
    BatchGetDocumentsResponse = _plain(types.BatchGetDocumentsResponse)
    CommitRequest = _plain(types.CommitRequest)
    CommitResponse = _plain(types.CommitResponse)
    Cursor = _plain(types.Cursor)
    Document = _plain(types.Document)
    DocumentMask = _plain(types.DocumentMask)
    MapValue = _plain(types.MapValue)
    Precondition = _plain(types.Precondition)
    RollbackRequest = _plain(types.RollbackRequest)
    RunAggregationQueryRequest = _plain(types.RunAggregationQueryRequest)
    RunAggregationQueryResponse = _plain(types.RunAggregationQueryResponse)
    RunQueryRequest = _plain(types.RunQueryRequest)
    RunQueryResponse = _plain(types.RunQueryResponse)
    StructuredAggregationQuery = _plain(types.StructuredAggregationQuery)
    StructuredQuery = _plain(types.StructuredQuery)
    TransactionOptions = _plain(types.TransactionOptions)
    Value = _plain(types.Value)
    WriteMessage = _plain(types.Write)

# A write as a part of a serialized `CommitRequest`: shared/store/wire_format.py says why.
Write = bytes

__all__ = [
    "ArrayValue",
    "BatchGetDocumentsRequest",
    "BatchGetDocumentsResponse",
    "CommitRequest",
    "CommitResponse",
    "Cursor",
    "Document",
    "DocumentMask",
    "MapValue",
    "Precondition",
    "RollbackRequest",
    "RunAggregationQueryRequest",
    "RunAggregationQueryResponse",
    "RunQueryRequest",
    "RunQueryResponse",
    "StructuredAggregationQuery",
    "StructuredQuery",
    "TransactionOptions",
    "Value",
    "Write",
    "WriteMessage",
]
