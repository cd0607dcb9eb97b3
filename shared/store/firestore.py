"""One Firestore database, as the product uses it."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from google_apis.firestore.common_pb2 import TransactionOptions
from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.firestore_pb2 import (
    BatchGetDocumentsRequest,
    BatchGetDocumentsResponse,
    RollbackRequest,
    RunAggregationQueryRequest,
    RunAggregationQueryResponse,
    RunQueryRequest,
    RunQueryResponse,
)
from google_apis.firestore.query_pb2 import StructuredAggregationQuery, StructuredQuery
from shared.channels import Metadata, routing
from shared.domain.deadline import Deadline
from shared.pb.inventory.v1.documents_pb2 import SerializedDocument, SerializedResponse
from shared.store import wire_format
from shared.store.document_reads import DocumentReads, mask
from shared.store.document_updates import DocumentUpdates, can_share
from shared.store.errors import Ambiguous, store_errors
from shared.store.retries import with_retries
from shared.store.rpcs import Rpcs
from shared.store.wire_format import Write

if TYPE_CHECKING:
    import grpc.aio

Read = TypeVar("Read")
Received = TypeVar("Received")
Found = TypeVar("Found", Document, SerializedDocument)
Query = TypeVar("Query", RunQueryRequest, RunAggregationQueryRequest)
Response = TypeVar("Response")


class Firestore:
    """One database.

    A call that starts after its deadline raises `Unavailable`. A call that does not finish before it raises
    `Ambiguous`, or `Unavailable` if it is a read that is retried. Failures that `store_errors` does not turn
    into a `StoreError`, such as missing permissions, stay gRPC errors.

    Args:
        project: the Google Cloud project.
        database: the database's id, usually `(default)`.
    """

    def __init__(self, project: str, database: str) -> None:
        self._database = f"projects/{project}/databases/{database}"
        self._documents = f"{self._database}/documents"
        self._quoted = quote(self._database)
        self._metadata = self._routing("database", self._database)

    @cached_property
    def _rpcs(self) -> Rpcs:
        """The RPCs, whose channel is made at the first call."""
        return Rpcs()

    @cached_property
    def _reads(self) -> DocumentReads[Document]:
        rpcs = self._rpcs
        return DocumentReads(self._database, rpcs.get_document, rpcs.batch_get_documents, self._routing)

    @cached_property
    def _serialized_reads(self) -> DocumentReads[SerializedDocument]:
        rpcs = self._rpcs
        return DocumentReads(self._database, rpcs.get_serialized, rpcs.batch_get_serialized, self._routing)

    @cached_property
    def _updates(self) -> DocumentUpdates:
        return DocumentUpdates(self._database, self._rpcs, self._metadata)

    def _routing(self, field: str, name: str) -> Metadata:
        """Return the routing metadata of Google's client: its transport's header, and Firestore's own."""
        # The database is quoted in advance, because the parentheses of `(default)` make that slow. A path has
        # nothing to quote, so `quote` is fast.
        quoted = self._quoted + quote(name.removeprefix(self._database))
        return (*routing(field, quoted), ("google-cloud-resource-prefix", self._database))

    def name(self, path: str) -> str:
        """Return the full name of the document at a path, such as `identities/1f0c`."""
        return f"{self._documents}/{path}".rstrip("/")

    async def commit(
        self, writes: Sequence[Write], deadline: Deadline, *, transaction: bytes = b""
    ) -> datetime:
        """Apply all writes or none, and end their transaction if they have one.

        Returns:
            The time of the commit. If the only write changes nothing, it can be the time of an earlier one.

        Raises:
            StoreError: the call failed; the class says how.
        """
        timeout = deadline.timeout()
        with store_errors():
            if not transaction and can_share(writes):
                return await self._updates.update(writes[0], deadline)
            request = wire_format.commit(self._database, writes, transaction)
            response = await self._rpcs.commit(request, timeout=timeout, metadata=self._metadata)
            return response.commit_time.ToDatetime(UTC)

    async def rollback(self, transaction: bytes, deadline: Deadline) -> None:
        """End a transaction without a commit, if it has not ended already.

        Raises:
            StoreError: the call failed; the class says how.
        """
        request = RollbackRequest(database=self._database, transaction=transaction)
        with store_errors():
            await self._rpcs.rollback(request, timeout=deadline.timeout(), metadata=self._metadata)

    async def batch_get(
        self,
        paths: Sequence[str],
        deadline: Deadline,
        *,
        fields: Sequence[str] = (),
        transaction: bytes = b"",
        new_transaction: TransactionOptions | None = None,
    ) -> AsyncIterator[BatchGetDocumentsResponse]:
        """Read documents or some of their fields, in a transaction or as of one moment, without retries.

        Yields:
            The responses. The first response of a new transaction has its id. From then on there are locks to
            release, even if the call fails later.

        Raises:
            StoreError: the call failed; the class says how.
        """
        request = BatchGetDocumentsRequest(
            database=self._database, documents=[self.name(path) for path in paths], mask=mask(fields)
        )
        if transaction:
            request.transaction = transaction
        elif new_transaction is not None:
            request.new_transaction.CopyFrom(new_transaction)
        with store_errors():
            async for response in self._rpcs.batch_get_documents(
                request, timeout=deadline.timeout(), metadata=self._metadata
            ):
                yield response

    async def get(self, path: str, deadline: Deadline, *, fields: Sequence[str] = ()) -> Document | None:
        """Read a document or some of its fields; return None if it does not exist."""
        return await self._read(self._reads, path, fields, deadline)

    async def get_serialized(
        self, path: str, deadline: Deadline, *, fields: Sequence[str]
    ) -> SerializedDocument | None:
        """Read some fields of a document, with serialized values; return None if it does not exist."""
        return await self._read(self._serialized_reads, path, fields, deadline)

    async def _read(
        self, reads: DocumentReads[Found], path: str, fields: Sequence[str], deadline: Deadline
    ) -> Found | None:
        name = self.name(path)

        async def run() -> Found | None:
            with store_errors():
                return await reads.read(name, fields, deadline)

        return await with_retries(run, deadline)

    async def get_all(
        self, paths: Sequence[str], deadline: Deadline, *, fields: Sequence[str] = ()
    ) -> dict[str, Document]:
        """Read documents or some of their fields as of one moment; return those that exist by their paths."""

        async def run() -> dict[str, Document]:
            responses = [response async for response in self.batch_get(paths, deadline, fields=fields)]
            return self.documents_by_path(responses)

        return await with_retries(run, deadline)

    def documents_by_path(self, responses: Iterable[BatchGetDocumentsResponse]) -> dict[str, Document]:
        """Return the documents that exist, by their paths."""
        return {
            response.found.name.removeprefix(f"{self._documents}/"): response.found
            for response in responses
            if response.HasField("found")
        }

    async def query(
        self, parent: str, query: StructuredQuery, deadline: Deadline, *, as_of: datetime | None = None
    ) -> list[Document]:
        """Run a query over the collections below a document.

        Args:
            parent: the document's path, such as `organizations/example`; empty for the database itself.
            query: the query.
            deadline: when to stop.
            as_of: as in `query_serialized`.
        """
        documents, _ = await self.query_with_time(parent, query, deadline, as_of=as_of)
        return documents

    async def query_with_time(
        self,
        parent: str,
        query: StructuredQuery,
        deadline: Deadline,
        *,
        as_of: datetime | None = None,
        max_bytes: int | None = None,
    ) -> tuple[list[Document], datetime]:
        """Return what `query` returns, and the read time, which is by the same clock as commit times.

        Args:
            parent: as in `query`.
            query: the query.
            deadline: when to stop.
            as_of: as in `query_serialized`.
            max_bytes: the size of the documents after which no more of them are received; any without it.
        """
        request = RunQueryRequest(parent=self.name(parent), structured_query=query, read_time=as_of)

        async def receive(
            stream: "grpc.aio.UnaryStreamCall[RunQueryRequest, RunQueryResponse]",
        ) -> tuple[list[Document], datetime]:
            # Without a document, there is one response, which has only the time.
            responses = []
            size = 0
            async for response in stream:
                responses.append(response)
                if max_bytes is None:
                    continue  # most callers, which need not wait for sizes
                size += response.document.ByteSize()
                if size >= max_bytes:
                    stream.cancel()
                    break
            documents = [response.document for response in responses if response.HasField("document")]
            return documents, read_time(responses)

        return await self._run(self._rpcs.run_query, request, deadline, receive)

    async def query_serialized(
        self,
        parent: str,
        query: StructuredQuery,
        deadline: Deadline,
        read: Callable[[SerializedDocument], Read],
        *,
        as_of: datetime | None = None,
    ) -> list[Read]:
        """Run a query and convert each document, with serialized values, while the next ones are received.

        Args:
            parent: as in `query`.
            query: the query.
            deadline: when to stop.
            read: converts a document.
            as_of: a time that the store returned, less than an hour ago; without it, now.
        """
        request = RunQueryRequest(parent=self.name(parent), structured_query=query, read_time=as_of)

        async def receive(stream: AsyncIterable[SerializedResponse]) -> list[Read]:
            return [read(response.document) async for response in stream if response.HasField("document")]

        return await self._run(self._rpcs.run_query_serialized, request, deadline, receive)

    async def query_within(  # noqa: PLR0913 - a query, by name
        self,
        parent: str,
        query: StructuredQuery,
        deadline: Deadline,
        read: Callable[[SerializedDocument], Read],
        *,
        max_bytes: int,
        as_of: datetime | None = None,
    ) -> tuple[list[Read], bool]:
        """Run a query as `query_serialized` does, but only up to a size of all documents together.

        Returns:
            The converted documents, and whether there are more, with which they would exceed `max_bytes`.
        """
        request = RunQueryRequest(parent=self.name(parent), structured_query=query, read_time=as_of)

        async def receive(
            stream: "grpc.aio.UnaryStreamCall[RunQueryRequest, SerializedResponse]",
        ) -> tuple[list[Read], bool]:
            found: list[Read] = []
            size = 0
            async for response in stream:
                if not response.HasField("document"):
                    continue
                size += response.ByteSize()
                if size > max_bytes:
                    stream.cancel()
                    return found, True
                found.append(read(response.document))
            return found, False

        return await self._run(self._rpcs.run_query_serialized, request, deadline, receive)

    async def _run(
        self,
        rpc: "grpc.aio.UnaryStreamMultiCallable[Query, Response]",
        request: Query,
        deadline: Deadline,
        receive: "Callable[[grpc.aio.UnaryStreamCall[Query, Response]], Awaitable[Received]]",
    ) -> Received:
        async def run() -> Received:
            with store_errors():
                stream = rpc(
                    request, timeout=deadline.timeout(), metadata=self._routing("parent", request.parent)
                )
                return await receive(stream)

        return await with_retries(run, deadline)

    async def count(
        self, parent: str, query: StructuredQuery, deadline: Deadline, *, as_of: datetime | None = None
    ) -> int:
        """Count a query's results, which costs one read for each 1,000 matching index entries.

        Args:
            parent: as in `query`.
            query: the query.
            deadline: when to stop.
            as_of: as in `query_serialized`.
        """
        number, _ = await self.count_with_time(parent, query, deadline, as_of=as_of)
        return number

    async def count_with_time(
        self, parent: str, query: StructuredQuery, deadline: Deadline, *, as_of: datetime | None = None
    ) -> tuple[int, datetime]:
        """Return what `count` returns, and the read time."""
        count = StructuredAggregationQuery.Aggregation(
            alias="count", count=StructuredAggregationQuery.Aggregation.Count()
        )
        request = RunAggregationQueryRequest(
            parent=self.name(parent),
            structured_aggregation_query=StructuredAggregationQuery(
                structured_query=query, aggregations=[count]
            ),
            read_time=as_of,
        )
        # Google's documentation does not say that a query with selected fields can be counted.
        request.structured_aggregation_query.structured_query.ClearField("select")

        async def receive(stream: AsyncIterable[RunAggregationQueryResponse]) -> tuple[int, datetime]:
            # Responses without a result only report progress.
            [response] = [response async for response in stream if response.HasField("result")]
            number = response.result.aggregate_fields["count"].integer_value
            return number, response.read_time.ToDatetime(UTC)

        return await self._run(self._rpcs.run_aggregation_query, request, deadline, receive)


def read_time(responses: "Sequence[RunQueryResponse | BatchGetDocumentsResponse]") -> datetime:
    """Return the time as of which all responses of a stream are correct: the last that they have.

    The last response itself may lack it, because it may only say that the stream is at its end.

    Raises:
        Ambiguous: the responses have no time.
    """
    for response in reversed(responses):
        if response.HasField("read_time"):
            return response.read_time.ToDatetime(UTC)
    raise Ambiguous("the responses have no read time")
