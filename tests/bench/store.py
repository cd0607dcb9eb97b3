"""Access to the emulator's documents by plain gRPC, to write thousands quickly and without conversions."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Self

import grpc.aio

from google_apis.firestore import firestore_pb2
from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.write_pb2 import Write

A_COMMIT = 500


class Store:
    """The database of one project in an emulator."""

    def __init__(self, channel: grpc.aio.Channel, project: str) -> None:
        self._database = f"projects/{project}/databases/(default)"
        self._commit: Any = channel.unary_unary("/google.firestore.v1.Firestore/Commit")
        self._get: Any = channel.unary_unary(
            "/google.firestore.v1.Firestore/GetDocument",
            request_serializer=firestore_pb2.GetDocumentRequest.SerializeToString,
            response_deserializer=Document.FromString,
        )
        self._list: Any = channel.unary_unary(
            "/google.firestore.v1.Firestore/ListDocuments",
            request_serializer=firestore_pb2.ListDocumentsRequest.SerializeToString,
            response_deserializer=firestore_pb2.ListDocumentsResponse.FromString,
        )

    @classmethod
    @asynccontextmanager
    async def at(cls, host: str, project: str) -> AsyncIterator[Self]:
        """Connect to an emulator."""
        async with grpc.aio.insecure_channel(host) as channel:
            yield cls(channel, project)

    def name(self, path: str = "") -> str:
        """Return the full name of a document at a path."""
        return f"{self._database}/documents/{path}".rstrip("/")

    async def get(self, path: str) -> Document:
        """Read a document."""
        document: Document = await self._get(firestore_pb2.GetDocumentRequest(name=self.name(path)))
        return document

    async def is_empty(self, collection: str) -> bool:
        """Return whether a collection has no documents."""
        return not await self._names(collection, limit=1)

    async def clear(self, collection: str) -> None:
        """Delete all documents of a collection."""
        while names := await self._names(collection, limit=A_COMMIT):
            await self.write(frame(Write(delete=name)) for name in names)

    async def _names(self, collection: str, *, limit: int) -> list[str]:
        request = firestore_pb2.ListDocumentsRequest(
            parent=self.name(), collection_id=collection, page_size=limit
        )
        request.mask.field_paths.append("__name__")
        return [document.name for document in (await self._list(request)).documents]

    async def write(self, frames: Iterable[bytes]) -> None:
        """Apply writes, in the form that `frame` returns, in large commits."""
        head = firestore_pb2.CommitRequest(database=self._database).SerializeToString()
        frames = list(frames)
        for start in range(0, len(frames), A_COMMIT):
            await self._commit(head + b"".join(frames[start : start + A_COMMIT]))


def frame(write: Write) -> bytes:
    """Serialize a write as part of a commit. Concatenated serialized messages are merged:

    https://protobuf.dev/programming-guides/encoding/#last-one-wins
    """
    return firestore_pb2.CommitRequest(writes=[write]).SerializeToString()
