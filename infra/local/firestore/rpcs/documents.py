"""GetDocument and BatchGetDocuments."""

from collections.abc import Callable, Iterator, Sequence

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from google_apis.firestore.common_pb2 import DocumentMask
from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.firestore_pb2 import (
    BatchGetDocumentsRequest,
    BatchGetDocumentsResponse,
    GetDocumentRequest,
)
from infra.local.firestore import names, partial, paths
from infra.local.firestore.billing import Billing
from infra.local.firestore.rpcs.reading import reading
from infra.local.firestore.state import Version
from infra.local.firestore.store import Store
from infra.local.status_errors import NotFound

Projection = Callable[[bytes], bytes]
"""Reduces a serialized document to some of its fields."""


class Documents:
    """The RPCs that read documents by name."""

    def __init__(self, store: Store, billing: Billing) -> None:
        self._store = store
        self._billing = billing

    async def get_document(self, request: GetDocumentRequest) -> Document:
        """Get one document."""
        database_name, path = names.document(request.name)
        project = masking(request.mask)
        async with reading(self._store.database(database_name), request) as view:
            await view.lock_documents([path])
            self._billing.reads(database_name, 1)
            version = view.database.documents.get(path, view.time)
        if version is None:
            raise NotFound(f'Document "{request.name}" not found.')
        return Document.FromString(project(version.data))

    async def batch_get_documents(self, request: BatchGetDocumentsRequest) -> Iterator[Message]:
        """Get several documents as of the same time, each once."""
        database = self._store.database(names.database(request.database))
        wanted = {name: names.document_in(name, request.database) for name in request.documents}
        project = masking(request.mask)
        async with reading(database, request) as view:
            await view.lock_documents(wanted.values())
            self._billing.reads(request.database, len(wanted))
            found = {name: database.documents.get(path, view.time) for name, path in wanted.items()}
            return _found(view.begun, view.read_time(), found, project)


def _found(
    begun: bytes, read_time: Timestamp, versions: dict[str, Version | None], project: Projection
) -> Iterator[Message]:
    if begun:
        yield BatchGetDocumentsResponse(transaction=begun)
    time = read_time.SerializeToString()
    for name, version in versions.items():
        if version is None:
            yield BatchGetDocumentsResponse(read_time=read_time, missing=name)
        else:
            yield partial.found_response(project(version.data), time)


def masking(mask: DocumentMask) -> Projection:
    """Return a function that reduces serialized documents to the fields in a mask; all if it is empty.

    Raises:
        InvalidArgument: The mask has a malformed field path.
    """
    return projection([paths.parse(path) for path in mask.field_paths])


def projection(chosen: Sequence[paths.FieldPath]) -> Projection:
    """Return a function that reduces serialized documents to the chosen fields; all if none are chosen."""
    if not chosen:
        return lambda data: data
    names = {path[0] for path in chosen}
    if all(len(path) == 1 for path in chosen):
        return lambda data: partial.project(data, names)

    def project_inner(data: bytes) -> bytes:
        whole = partial.parse(data, names)
        document = Document(name=whole.name, create_time=whole.create_time, update_time=whole.update_time)
        paths.project(whole.fields, document.fields, chosen)
        return document.SerializeToString()

    return project_inner
