"""What a request is about: the names in it, for counting by project and for faults."""

from collections.abc import Iterator

from google.protobuf.message import Message

from infra.local.firestore.pb import firestore_pb2 as rpc


def targets(request: Message) -> Iterator[str]:
    """List the resource names in a request: the database or parent first, then documents and collections."""
    match request:
        case rpc.CommitRequest() | rpc.BatchWriteRequest():
            yield request.database
            for write in request.writes:
                yield write.update.name or write.delete or write.transform.document
        case rpc.BatchGetDocumentsRequest():
            yield request.database
            yield from request.documents
        case rpc.RunQueryRequest():
            yield request.parent
            for selector in request.structured_query.from_:
                yield f"{request.parent}/{selector.collection_id}"
        case rpc.RunAggregationQueryRequest():
            yield request.parent
            for selector in request.structured_aggregation_query.structured_query.from_:
                yield f"{request.parent}/{selector.collection_id}"
        case rpc.ListDocumentsRequest():
            yield f"{request.parent}/{request.collection_id}"
        case rpc.CreateDocumentRequest():
            yield f"{request.parent}/{request.collection_id}/{request.document_id}"
        case rpc.UpdateDocumentRequest():
            yield request.document.name
        case rpc.GetDocumentRequest() | rpc.DeleteDocumentRequest():
            yield request.name
        case rpc.ListCollectionIdsRequest():
            yield request.parent
        case rpc.BeginTransactionRequest() | rpc.RollbackRequest():
            yield request.database
