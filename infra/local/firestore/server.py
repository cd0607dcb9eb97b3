"""The emulator as a whole: its store, its gRPC server and its control endpoint."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc.aio

from google_apis.firestore import firestore_pb2 as rpc
from infra.local.command import Addresses, listen
from infra.local.control import Control
from infra.local.faults import Faults
from infra.local.firestore import limits
from infra.local.firestore.clock import Clock
from infra.local.firestore.indexes import Indexes, read
from infra.local.firestore.journal import SqliteJournal
from infra.local.firestore.rpcs.billing import Billing, counters
from infra.local.firestore.rpcs.commits import Commits
from infra.local.firestore.rpcs.documents import Documents
from infra.local.firestore.rpcs.lists import Lists
from infra.local.firestore.rpcs.queries import Queries
from infra.local.firestore.store import Settings, Store
from infra.local.firestore.transactions import Patience
from infra.local.firestore.ttl import expire_forever
from infra.local.firestore.wire import StreamingMethod, UnaryMethod, Wire
from infra.local.refusals import RefuseTheRest

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


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[Addresses]:
    """Run an emulator.

    Raises:
        CannotStartError: A port is taken, or the data folder or the index file cannot be used.
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
    addresses, control = await listen(
        server, Control(counting, faults), options.host, options.port, options.control_port
    )
    await server.start()
    expiry = asyncio.create_task(expire_forever(store, billing, indexes, options.ttl_interval))
    try:
        yield addresses
    finally:
        expiry.cancel()
        control.close()
        await server.stop(grace=1)
        if journal is not None:
            await journal.close()


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
