"""ListDocuments and ListCollectionIds."""

import base64
import binascii
import heapq
from dataclasses import replace
from itertools import islice

from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.firestore_pb2 import (
    ListCollectionIdsRequest,
    ListCollectionIdsResponse,
    ListDocumentsRequest,
    ListDocumentsResponse,
)
from google_apis.firestore.query_pb2 import StructuredQuery
from infra.local.firestore import names, ordering
from infra.local.firestore.billing import Billing
from infra.local.firestore.queries.lock import QueryLock
from infra.local.firestore.queries.parse import Query, parse
from infra.local.firestore.queries.run import Hit, run
from infra.local.firestore.rpcs.documents import masking
from infra.local.firestore.rpcs.reading import Reading, reading
from infra.local.firestore.state import Collection, Version
from infra.local.firestore.store import Store
from infra.local.status_errors import InvalidArgument

_PAGE = 300


class Lists:
    """The RPCs that list documents or collections below a parent."""

    def __init__(self, store: Store, billing: Billing) -> None:
        self._store = store
        self._billing = billing

    async def list_documents(self, request: ListDocumentsRequest) -> ListDocumentsResponse:
        """Return one page of a collection's documents."""
        database_name, parent_path = names.parent(request.parent)
        query = parse(database_name, parent_path, _as_query(request))
        if request.page_token:
            query = replace(query, lower=_decode(request.page_token))
        size = _page_size(request)
        project = masking(request.mask)
        async with reading(self._store.database(database_name), request) as view:
            await view.prepare(query)
            if view.holder:
                lock = QueryLock(query, query.upper)
                await view.database.locks.read_query(view.holder, lock)
                view.database.locks.scanned(view.holder, lock)
            hits = run(view.database.documents, query, view.time)
            if request.show_missing:
                hits = heapq.merge(hits, _missing(view, query), key=lambda hit: hit.key)
            page = list(islice(hits, size + 1))
        self._billing.reads(database_name, len(page[:size]))
        response = ListDocumentsResponse()
        for hit in page[:size]:
            response.documents.add().MergeFromString(project(hit.version.data))
        if len(page) > size:
            response.next_page_token = _encode(page[size - 1].key + ordering.AFTER)
        return response

    async def list_collection_ids(self, request: ListCollectionIdsRequest) -> ListCollectionIdsResponse:
        """Return one page of the ids of the collections below a document or the root."""
        database_name, parent_path = names.parent(request.parent)
        first = _decode(request.page_token)
        size = _page_size(request)
        async with reading(self._store.database(database_name), request) as view:
            found = {collection.path for collection in _below(view, parent_path)}
        start = len(parent_path) + 1 if parent_path else 0
        identifiers = sorted({path[start:].split("/")[0] for path in found}, key=str.encode)
        rest = [identifier for identifier in identifiers if identifier.encode() > first]
        self._billing.reads(database_name, len(rest[:size]))
        response = ListCollectionIdsResponse(collection_ids=rest[:size])
        if len(rest) > size:
            response.next_page_token = _encode(rest[size - 1].encode())
        return response


def _page_size(request: ListDocumentsRequest | ListCollectionIdsRequest) -> int:
    if request.page_size < 0:
        raise InvalidArgument("A page size must not be negative.")
    return request.page_size or _PAGE


def _as_query(request: ListDocumentsRequest) -> StructuredQuery:
    if request.show_missing and request.order_by:
        raise InvalidArgument("show_missing and order_by cannot be combined.")
    query = StructuredQuery()
    query.from_.add(collection_id=request.collection_id)
    for part in filter(None, request.order_by.split(",")):
        path, _, direction = part.strip().partition(" ")
        if direction.lower() not in ("", "asc", "desc"):
            raise InvalidArgument(f"Invalid order: {request.order_by!r}")
        order = query.order_by.add()
        order.field.field_path = path
        descends = direction.lower() == "desc"
        order.direction = StructuredQuery.DESCENDING if descends else StructuredQuery.ASCENDING
    return query


def _missing(view: Reading, query: Query) -> list[Hit]:
    """Return the documents that do not exist, but have documents below them."""
    documents = view.database.documents
    collection = names.join(query.parent, query.collection)
    below = {
        "/".join(found.path.split("/")[: collection.count("/") + 2])
        for found in _below(view, query.parent)
        if found.path.startswith(f"{collection}/")
    }
    missing = sorted(
        (ordering.encode_path(path), path) for path in below if documents.get(path, view.time) is None
    )
    return [Hit(key, _placeholder(view, path)) for key, path in missing if key >= query.lower]


def _placeholder(view: Reading, path: str) -> Version:
    """Return a missing document as it is listed: only with its name."""
    name = names.document_name(view.database.name, path)
    return Version(Document(name=name).SerializeToString(), created=0, updated=0)


def _below(view: Reading, parent_path: str) -> list[Collection]:
    """Return the collections with documents, at any depth below a parent."""
    start = f"{parent_path}/" if parent_path else ""
    return [
        collection
        for path, collection in view.database.documents.collections.items()
        if path.startswith(start) and any(record.at(view.time) for record in collection.records())
    ]


def _encode(token: bytes) -> str:
    return base64.urlsafe_b64encode(token).decode()


def _decode(token: str) -> bytes:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidArgument("Invalid page token.") from error
