"""Reads of single documents; those that begin at the same time share a call."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from google_apis.firestore.common_pb2 import DocumentMask
from google_apis.firestore.firestore_pb2 import BatchGetDocumentsRequest, GetDocumentRequest
from shared.channels import Metadata
from shared.domain.deadline import Deadline
from shared.store.shared_calls import SharedCalls

Found = TypeVar("Found", bound=Message)


class DocumentReads(Generic[Found]):
    """Reads from one database.

    Args:
        database: the database's name.
        get: the RPC for one document.
        batch_get: the RPC for several documents.
        routing: returns the routing metadata of a call, for a field of its request and the field's value.
    """

    def __init__(
        self,
        database: str,
        get: "grpc.aio.UnaryUnaryMultiCallable[GetDocumentRequest, Found]",
        batch_get: "grpc.aio.UnaryStreamMultiCallable[BatchGetDocumentsRequest, Any]",
        routing: Callable[[str, str], Metadata],
    ) -> None:
        self._database = database
        self._get = get
        self._batch_get = batch_get
        self._routing = routing
        self._calls = SharedCalls(self._read_one, self._read_several)

    async def read(self, name: str, fields: Sequence[str], deadline: Deadline) -> Found | None:
        """Return a document, or some of its fields, or None if it does not exist.

        Raises:
            grpc.aio.AioRpcError: the call failed.
            Ambiguous: the call ended without this document.
        """
        return await self._calls.answer(tuple(fields), name, None, deadline)

    async def _read_one(self, fields: tuple[str, ...], name: str, _: None, seconds: float) -> Found | None:
        request = GetDocumentRequest(name=name, mask=mask(fields))
        try:
            return await self._get(request, timeout=seconds, metadata=self._routing("name", name))
        except grpc.aio.AioRpcError as error:
            # A missing database returns it too: see docs/decisions/0010-plain-rpcs.md.
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
            return None

    async def _read_several(
        self, fields: tuple[str, ...], names: Iterable[str], seconds: float
    ) -> AsyncIterator[tuple[str, Found | None]]:
        request = BatchGetDocumentsRequest(database=self._database, documents=names, mask=mask(fields))
        metadata = self._routing("database", self._database)
        async for response in self._batch_get(request, timeout=seconds, metadata=metadata):
            if response.HasField("found"):
                yield response.found.name, response.found
            elif response.HasField("missing"):
                yield response.missing, None


def mask(fields: Sequence[str]) -> DocumentMask | None:
    """Return the mask of a read of some fields, or None for all."""
    return DocumentMask(field_paths=fields) if fields else None
