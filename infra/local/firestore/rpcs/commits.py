"""Commit, BatchWrite, BeginTransaction, Rollback, CreateDocument, UpdateDocument, DeleteDocument."""

import asyncio
import secrets
import string

from google.protobuf.empty_pb2 import Empty

from google_apis.firestore.common_pb2 import DocumentMask, Precondition
from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.firestore_pb2 import (
    BatchWriteRequest,
    BatchWriteResponse,
    BeginTransactionRequest,
    BeginTransactionResponse,
    CommitRequest,
    CommitResponse,
    CreateDocumentRequest,
    DeleteDocumentRequest,
    RollbackRequest,
    UpdateDocumentRequest,
)
from google_apis.firestore.write_pb2 import Write, WriteResult
from infra.local.firestore import clock, names, writes
from infra.local.firestore.billing import Billing
from infra.local.firestore.rpcs.documents import masking
from infra.local.firestore.store import OpenDatabase, Store
from infra.local.firestore.targets import written
from infra.local.status_errors import InvalidArgument, StatusError

_ID_ALPHABET = string.ascii_letters + string.digits
_ID_LENGTH = 20


class Commits:
    """The RPCs that write."""

    def __init__(self, store: Store, billing: Billing) -> None:
        self._store = store
        self._billing = billing

    async def begin_transaction(self, request: BeginTransactionRequest) -> BeginTransactionResponse:
        """Begin a transaction."""
        database = self._database(request.database)
        transaction = database.transactions.begin(request.options, database.documents.horizon)
        return BeginTransactionResponse(transaction=transaction.token)

    async def rollback(self, request: RollbackRequest) -> Empty:
        """End a transaction without effect."""
        self._database(request.database).transactions.rollback(request.transaction)
        return Empty()

    async def commit(self, request: CommitRequest) -> CommitResponse:
        """Apply all writes or none, and end the transaction, if there is one."""
        database = self._database(request.database)
        checked = [writes.check(write, request.database) for write in request.writes]
        if request.transaction:
            time, outcomes = await self._commit_transaction(database, request.transaction, checked)
        else:
            time, outcomes = await database.commit(checked)
        await database.durable()
        for write in checked:
            self._billing.write(request.database, deletes=write.deletes)
        response = CommitResponse(write_results=map(_result, checked, outcomes))
        clock.stamp(response.commit_time, time)
        return response

    async def _commit_transaction(
        self, database: OpenDatabase, token: bytes, checked: list[writes.CheckedWrite]
    ) -> tuple[int, list[writes.Outcome]]:
        with database.transactions.using(token) as transaction:
            if transaction.read_time is not None and checked:
                raise InvalidArgument("Cannot modify entities in a read-only transaction.")
            committed = await database.commit(checked, transaction)
            database.transactions.end(transaction)
            return committed

    async def batch_write(self, request: BatchWriteRequest) -> BatchWriteResponse:
        """Apply each write separately, without a transaction."""
        database = self._database(request.database)
        if len(set(map(written, request.writes))) < len(request.writes):
            raise InvalidArgument("A batch must not write a document twice.")
        # Concurrently, because a write can wait for a lock.
        outcomes = await asyncio.gather(
            *(self._write(database, write) for write in request.writes), return_exceptions=True
        )
        await database.durable()
        response = BatchWriteResponse()
        for outcome in outcomes:
            result, status = response.write_results.add(), response.status.add()
            if isinstance(outcome, StatusError):
                status.code, status.message = outcome.code.value[0], str(outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                result.CopyFrom(_result(*outcome))
        return response

    async def create_document(self, request: CreateDocumentRequest) -> Document:
        """Create a document, with a random id if the request has none."""
        if request.document.name:
            raise InvalidArgument("The name of a document to create must not be set.")
        database_name, parent_path = names.parent(request.parent)
        identifier = request.document_id or "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
        path = names.join(parent_path, names.single_id(request.collection_id), names.single_id(identifier))
        request.document.name = names.document_name(database_name, path)
        write = Write(update=request.document, current_document=Precondition(exists=False))
        return await self._write_and_get(database_name, write, request.mask)

    async def update_document(self, request: UpdateDocumentRequest) -> Document:
        """Change a document, or create it."""
        write = Write(update=request.document)
        if request.HasField("update_mask"):
            write.update_mask.CopyFrom(request.update_mask)
        if request.HasField("current_document"):
            write.current_document.CopyFrom(request.current_document)
        database_name, _ = names.document(request.document.name)
        return await self._write_and_get(database_name, write, request.mask)

    async def delete_document(self, request: DeleteDocumentRequest) -> Empty:
        """Delete a document."""
        write = Write(delete=request.name)
        if request.HasField("current_document"):
            write.current_document.CopyFrom(request.current_document)
        database = self._store.database(names.document(request.name)[0])
        await self._write(database, write)
        await database.durable()
        return Empty()

    async def _write_and_get(self, database_name: str, write: Write, mask: DocumentMask) -> Document:
        project = masking(mask)  # an invalid mask must prevent the write
        database = self._store.database(database_name)
        _, outcome = await self._write(database, write)
        await database.durable()
        return Document.FromString(project(outcome.data))

    async def _write(
        self, database: OpenDatabase, write: Write
    ) -> tuple[writes.CheckedWrite, writes.Outcome]:
        checked = writes.check(write, database.name)
        _, outcomes = await database.commit([checked])
        self._billing.write(database.name, deletes=checked.deletes)
        return checked, outcomes[0]

    def _database(self, name: str) -> OpenDatabase:
        return self._store.database(names.database(name))


def _result(write: writes.CheckedWrite, outcome: writes.Outcome) -> WriteResult:
    result = WriteResult(transform_results=outcome.results)
    if not write.deletes:
        clock.stamp(result.update_time, outcome.updated)
    return result
