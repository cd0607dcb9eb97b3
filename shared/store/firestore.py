"""Firestore's calls that the product makes, on the generated client and plain messages."""

import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from functools import cached_property

import grpc
from google.api_core.exceptions import InvalidArgument
from google.cloud.firestore_v1 import types
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport

from shared.domain.deadline import Deadline
from shared.store.attempts import repeated
from shared.store.errors import translated
from shared.store.wire import (
    BatchGetDocumentsRequest,
    BatchGetDocumentsResponse,
    CommitRequest,
    CommitResponse,
    Document,
    DocumentMask,
    RollbackRequest,
    RunAggregationQueryRequest,
    RunQueryRequest,
    StructuredAggregationQuery,
    StructuredQuery,
    TransactionOptions,
    Write,
)


class Firestore:
    """One database. Every call has a deadline, and raises `Unavailable` once that is past.

    Args:
        project: the Google Cloud project.
        database: the database's id, `(default)` for most.
    """

    def __init__(self, project: str, database: str) -> None:
        self._database = f"projects/{project}/databases/{database}"
        self._documents = f"{self._database}/documents"

    @cached_property
    def _client(self) -> FirestoreAsyncClient:
        """The client, made at the first call: its channel belongs to the event loop that it is made in."""
        emulator = os.environ.get("FIRESTORE_EMULATOR_HOST")
        if emulator is None:
            return FirestoreAsyncClient()
        # The generated client knows no emulator; only the hand-written one does.
        return FirestoreAsyncClient(
            transport=FirestoreGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(emulator))
        )

    def name(self, path: str) -> str:
        """Give the full name of the document at a path, such as `identities/1f0c`."""
        return f"{self._documents}/{path}".rstrip("/")

    async def commit(
        self, writes: Sequence[Write], deadline: Deadline, *, transaction: bytes = b""
    ) -> CommitResponse:
        """Apply all writes or none, and end the transaction that they are a part of.

        Raises:
            StoreError: what is known of the failure.
        """
        request = CommitRequest(database=self._database, writes=writes, transaction=transaction)
        with translated():
            response = await self._client.commit(
                types.CommitRequest.wrap(request), retry=None, timeout=deadline.remaining()
            )
        plain: CommitResponse = types.CommitResponse.pb(response)
        return plain

    async def rollback(self, transaction: bytes, deadline: Deadline) -> None:
        """End a transaction that nothing comes of, if it has not ended already.

        Raises:
            StoreError: what is known of the failure.
        """
        request = RollbackRequest(database=self._database, transaction=transaction)
        with suppress(InvalidArgument), translated():
            await self._client.rollback(
                types.RollbackRequest.wrap(request), retry=None, timeout=deadline.remaining()
            )

    async def batch_get(
        self,
        paths: Sequence[str],
        deadline: Deadline,
        *,
        fields: Sequence[str] = (),
        transaction: bytes = b"",
        new_transaction: TransactionOptions | None = None,
    ) -> AsyncIterator[BatchGetDocumentsResponse]:
        """Read documents once, or some fields of them, in a transaction or as of one moment.

        Yields:
            What the store sends. The first response of a new transaction has its id: from then on there are
            locks to release, whatever becomes of the rest.

        Raises:
            StoreError: what is known of the failure.
        """
        request = BatchGetDocumentsRequest(
            database=self._database,
            documents=[self.name(path) for path in paths],
            transaction=transaction or None,
            new_transaction=new_transaction,
            mask=DocumentMask(field_paths=fields) if fields else None,
        )
        with translated():
            stream = await self._client.batch_get_documents(
                types.BatchGetDocumentsRequest.wrap(request), retry=None, timeout=deadline.remaining()
            )
            async for response in stream:
                yield types.BatchGetDocumentsResponse.pb(response)

    async def get(
        self, paths: Sequence[str], deadline: Deadline, *, fields: Sequence[str] = ()
    ) -> dict[str, Document]:
        """Read documents or some of their fields as of one moment; return those that exist by their paths."""

        async def run() -> dict[str, Document]:
            responses = [response async for response in self.batch_get(paths, deadline, fields=fields)]
            return self.found(responses)

        return await repeated(run, deadline)

    def found(self, responses: Iterable[BatchGetDocumentsResponse]) -> dict[str, Document]:
        """Find the documents that exist, by their paths."""
        return {
            response.found.name.removeprefix(f"{self._documents}/"): response.found
            for response in responses
            if response.HasField("found")
        }

    async def query(self, parent: str, query: StructuredQuery, deadline: Deadline) -> list[Document]:
        """Run a query over the collections below a document.

        Args:
            parent: the document's path, such as `organizations/example`; empty for the database itself.
            query: what is asked for.
            deadline: how long it may take.
        """
        request = RunQueryRequest(parent=self.name(parent), structured_query=query)

        async def run() -> list[Document]:
            with translated():
                stream = await self._client.run_query(
                    types.RunQueryRequest.wrap(request), retry=None, timeout=deadline.remaining()
                )
                responses = [types.RunQueryResponse.pb(response) async for response in stream]
            return [response.document for response in responses if response.HasField("document")]

        return await repeated(run, deadline)

    async def count(self, parent: str, query: StructuredQuery, deadline: Deadline) -> int:
        """Count what a query finds, at one read for each 1,000 index entries that match."""
        count = StructuredAggregationQuery.Aggregation(
            alias="count", count=StructuredAggregationQuery.Aggregation.Count()
        )
        request = RunAggregationQueryRequest(
            parent=self.name(parent),
            structured_aggregation_query=StructuredAggregationQuery(
                structured_query=query, aggregations=[count]
            ),
        )

        async def run() -> int:
            with translated():
                stream = await self._client.run_aggregation_query(
                    types.RunAggregationQueryRequest.wrap(request), retry=None, timeout=deadline.remaining()
                )
                results = [types.RunAggregationQueryResponse.pb(response).result async for response in stream]
            return int(results[0].aggregate_fields["count"].integer_value)

        return await repeated(run, deadline)
