"""The resource names in a request, by which calls are counted per project and faults are matched."""

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.message import Message

from google_apis.firestore import firestore_pb2 as rpc
from google_apis.firestore.query_pb2 import StructuredQuery
from google_apis.firestore.write_pb2 import Write


def targets(request: Message) -> Iterator[str]:
    """Yield the resource names in a request: the database or parent first, then documents or collections."""
    return _TARGETS[type(request)](request)


def written(write: Write) -> str:
    """Return the name of the document that a write changes."""
    return write.update.name or write.delete or write.transform.document


def _database(request: Any) -> Iterator[str]:  # noqa: ANN401 - the requests of several methods
    yield request.database


def _writes(request: rpc.CommitRequest | rpc.BatchWriteRequest) -> Iterator[str]:
    yield request.database
    yield from map(written, request.writes)


def _documents(request: rpc.BatchGetDocumentsRequest) -> Iterator[str]:
    yield request.database
    yield from request.documents


def _query(request: rpc.RunQueryRequest) -> Iterator[str]:
    yield from _queried(request.parent, request.structured_query)


def _aggregation(request: rpc.RunAggregationQueryRequest) -> Iterator[str]:
    yield from _queried(request.parent, request.structured_aggregation_query.structured_query)


def _queried(parent: str, query: StructuredQuery) -> Iterator[str]:
    yield parent
    for selector in query.from_:
        yield f"{parent}/{selector.collection_id}"


def _collection(request: rpc.ListDocumentsRequest) -> Iterator[str]:
    yield f"{request.parent}/{request.collection_id}"


def _created(request: rpc.CreateDocumentRequest) -> Iterator[str]:
    yield f"{request.parent}/{request.collection_id}/{request.document_id}"


def _updated(request: rpc.UpdateDocumentRequest) -> Iterator[str]:
    yield request.document.name


def _name(request: rpc.GetDocumentRequest | rpc.DeleteDocumentRequest) -> Iterator[str]:
    yield request.name


def _parent(request: rpc.ListCollectionIdsRequest) -> Iterator[str]:
    yield request.parent


_TARGETS: dict[type[Message], Callable[[Any], Iterator[str]]] = {
    rpc.BatchGetDocumentsRequest: _documents,
    rpc.BatchWriteRequest: _writes,
    rpc.BeginTransactionRequest: _database,
    rpc.CommitRequest: _writes,
    rpc.CreateDocumentRequest: _created,
    rpc.DeleteDocumentRequest: _name,
    rpc.GetDocumentRequest: _name,
    rpc.ListCollectionIdsRequest: _parent,
    rpc.ListDocumentsRequest: _collection,
    rpc.RollbackRequest: _database,
    rpc.RunAggregationQueryRequest: _aggregation,
    rpc.RunQueryRequest: _query,
    rpc.UpdateDocumentRequest: _updated,
}
