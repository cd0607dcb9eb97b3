"""GetDocument, BatchGetDocuments, ListDocuments, ListCollectionIds."""

from collections.abc import Iterable, Iterator, Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from infra.local.firestore import names, partial, paths
from infra.local.firestore.errors import NotFoundError
from infra.local.firestore.pb.document_pb2 import Document
from infra.local.firestore.pb.firestore_pb2 import (
    BatchGetDocumentsRequest,
    BatchGetDocumentsResponse,
    GetDocumentRequest,
)
from infra.local.firestore.rpcs.billing import Billing
from infra.local.firestore.rpcs.reading import reading
from infra.local.firestore.state import Version
from infra.local.firestore.store import Store


class Documents:
    """The methods that read documents by name."""

    def __init__(self, store: Store, billing: Billing) -> None:
        self._store = store
        self._billing = billing

    async def get_document(self, request: GetDocumentRequest) -> Document:
        """Get one document."""
        database_name, path = names.document(request.name)
        async with reading(self._store.database(database_name), request) as view:
            await view.lock_documents([path])
            self._billing.reads(database_name, 1)
            version = view.database.documents.get(path, view.time)
        if version is None:
            raise NotFoundError(f'Document "{request.name}" not found.')
        return masked(version.data, request.mask.field_paths)

    async def batch_get_documents(
        self, request: BatchGetDocumentsRequest
    ) -> Iterator[BatchGetDocumentsResponse]:
        """Get several documents as they were at one moment, each once."""
        database = self._store.database(names.database(request.database))
        wanted = {name: names.document_in(name, request.database) for name in request.documents}
        async with reading(database, request) as view:
            await view.lock_documents(wanted.values())
            self._billing.reads(request.database, len(wanted))
            found = {name: database.documents.get(path, view.time) for name, path in wanted.items()}
            mask = [paths.parse(path) for path in request.mask.field_paths]
            return _found(view.begun, view.read_time(), found, mask)


def _found(
    begun: bytes, read_time: Timestamp, versions: dict[str, Version | None], mask: list[paths.FieldPath]
) -> Iterator[BatchGetDocumentsResponse]:
    if begun:
        yield BatchGetDocumentsResponse(transaction=begun)
    for name, version in versions.items():
        response = BatchGetDocumentsResponse(read_time=read_time)
        if version is None:
            response.missing = name
        else:
            fill(response.found, version.data, mask)
        yield response


def masked(data: bytes, mask: Iterable[str]) -> Document:
    """Make a response of a stored document, with the fields that a mask names, or all if it names none."""
    document = Document()
    fill(document, data, [paths.parse(path) for path in mask])
    return document


def fill(document: Document, data: bytes, chosen: Sequence[paths.FieldPath]) -> None:
    """Copy a stored document, or the fields chosen of it, into a part of a response."""
    if not chosen:
        document.MergeFromString(data)
        return
    whole = partial.parse(data, {path[0] for path in chosen})
    document.name = whole.name
    document.create_time.CopyFrom(whole.create_time)
    document.update_time.CopyFrom(whole.update_time)
    paths.project(whole.fields, document.fields, chosen)
