"""The emulator as a whole: its store, its gRPC server and its control endpoint."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc.aio

from infra.local.control import Control
from infra.local.faults import Faults
from infra.local.firestore import limits
from infra.local.firestore.clock import Clock
from infra.local.firestore.indexes import Indexes, read
from infra.local.firestore.journal import SqliteJournal
from infra.local.firestore.pb import firestore_pb2 as rpc
from infra.local.firestore.rpcs.billing import Billing, counters
from infra.local.firestore.rpcs.commits import Commits
from infra.local.firestore.rpcs.documents import Documents
from infra.local.firestore.rpcs.lists import Lists
from infra.local.firestore.rpcs.queries import Queries
from infra.local.firestore.store import Settings, Store
from infra.local.firestore.transactions import Patience
from infra.local.firestore.ttl import expire_forever
from infra.local.firestore.wire import StreamingMethod, UnaryMethod, Wire
from infra.local.unimplemented import RefuseTheRest

# More than the limit that requests are checked against, so that a request beyond it gets production's status.
_LARGEST_MESSAGE = 4 * limits.LARGEST_REQUEST


@dataclass(frozen=True, slots=True)
class Options:
    """How an emulator is to run; see `python -m infra.local.firestore --help`."""

    host: str = "127.0.0.1"
    port: int = 0
    control_port: int = 0
    data: Path | None = None
    indexes: Path | None = None
    retention: float = 3600
    ttl_interval: float = 60
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running emulator is reached: host:port for clients, and the URL of its control endpoint."""

    grpc: str
    control: str


class PortTakenError(Exception):
    """An address cannot be listened on."""


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[Addresses]:
    """Run an emulator.

    Raises:
        PortTakenError: It cannot listen where it should.
        DataFolderError: It cannot keep its data where it should.
        IndexFileError: The index file cannot be used.
    """
    counting, faults = counters(), Faults()
    billing = Billing(counting)
    indexes = read(options.indexes) if options.indexes else Indexes()
    journal = SqliteJournal(options.data) if options.data else None
    store = Store(Settings(Clock(time.time_ns), indexes, options.patience, options.retention), journal)
    server = grpc.aio.server(
        options=[("grpc.max_receive_message_length", _LARGEST_MESSAGE), ("grpc.so_reuseport", 0)]
    )
    handler = Wire(counting, faults).handler(_methods(store, billing))
    server.add_generic_rpc_handlers((handler, RefuseTheRest()))
    port = _listen(server, options.host, options.port)
    try:
        control = await Control(counting, faults).serve(options.host, options.control_port)
    except OSError as error:
        raise PortTakenError(f"{options.host}:{options.control_port}") from error
    await server.start()
    expiry = asyncio.create_task(expire_forever(store, billing, indexes, options.ttl_interval))
    try:
        control_port = control.sockets[0].getsockname()[1]
        yield Addresses(f"{options.host}:{port}", f"http://{options.host}:{control_port}")
    finally:
        expiry.cancel()
        control.close()
        await server.stop(grace=1)
        if journal is not None:
            await journal.close()


def _listen(server: grpc.aio.Server, host: str, port: int) -> int:
    try:
        # gRPC would complain about a taken port on its own, in words for its developers.
        socket.create_server((host, port)).close()
        return server.add_insecure_port(f"{host}:{port}")
    except (OSError, RuntimeError) as error:
        raise PortTakenError(f"{host}:{port}") from error


def _methods(store: Store, billing: Billing) -> dict[str, UnaryMethod | StreamingMethod]:
    documents, lists = Documents(store, billing), Lists(store, billing)
    queries, commits = Queries(store, billing), Commits(store, billing)
    return {
        "GetDocument": UnaryMethod(rpc.GetDocumentRequest, documents.get_document),
        "BatchGetDocuments": StreamingMethod(rpc.BatchGetDocumentsRequest, documents.batch_get_documents),
        "ListDocuments": UnaryMethod(rpc.ListDocumentsRequest, lists.list_documents),
        "ListCollectionIds": UnaryMethod(rpc.ListCollectionIdsRequest, lists.list_collection_ids),
        "RunQuery": StreamingMethod(rpc.RunQueryRequest, queries.run_query),
        "RunAggregationQuery": StreamingMethod(rpc.RunAggregationQueryRequest, queries.run_aggregation_query),
        "BeginTransaction": UnaryMethod(rpc.BeginTransactionRequest, commits.begin_transaction),
        "Rollback": UnaryMethod(rpc.RollbackRequest, commits.rollback),
        "Commit": UnaryMethod(rpc.CommitRequest, commits.commit),
        "BatchWrite": UnaryMethod(rpc.BatchWriteRequest, commits.batch_write),
        "CreateDocument": UnaryMethod(rpc.CreateDocumentRequest, commits.create_document),
        "UpdateDocument": UnaryMethod(rpc.UpdateDocumentRequest, commits.update_document),
        "DeleteDocument": UnaryMethod(rpc.DeleteDocumentRequest, commits.delete_document),
    }
