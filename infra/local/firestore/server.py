"""The whole emulator: its store, its gRPC server and its control endpoint."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from google_apis.firestore import firestore_pb2 as rpc
from infra.local.command import Addresses, background, serving
from infra.local.control import Control
from infra.local.faults import Faults
from infra.local.firestore import limits
from infra.local.firestore.billing import Billing, counters
from infra.local.firestore.clock import Clock
from infra.local.firestore.indexes import Indexes, read
from infra.local.firestore.journal import SqliteJournal
from infra.local.firestore.rpcs import listen
from infra.local.firestore.rpcs.commits import Commits
from infra.local.firestore.rpcs.documents import Documents
from infra.local.firestore.rpcs.lists import Lists
from infra.local.firestore.rpcs.queries import Queries
from infra.local.firestore.store import Settings, Store
from infra.local.firestore.targets import targets
from infra.local.firestore.transactions import Timeouts
from infra.local.firestore.ttl import expire_forever
from infra.local.firestore.upkeep import keep_indexes
from infra.local.wire import StreamingMethods, UnaryMethods, Wire

_SERVICE = "google.firestore.v1.Firestore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of an emulator; see `python -m infra.local.firestore --help`."""

    host: str
    port: int
    control_port: int
    data: Path | None
    indexes: Path | None
    retention: float
    ttl_interval: float
    timeouts: Timeouts


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[Addresses]:
    """Run an emulator.

    Raises:
        EmulatorError: A port is taken, or the data folder or the index file cannot be used.
    """
    counting, faults = counters(), Faults()
    billing = Billing(counting)
    indexes = read(options.indexes) if options.indexes else Indexes()
    journal = SqliteJournal(options.data) if options.data else None
    store = Store(Settings(Clock(time.time_ns), indexes, options.timeouts, options.retention), journal)
    wire = Wire(counting, faults, targets, limits.MAX_REQUEST_BYTES)
    try:
        async with (
            serving(
                _handlers(store, billing, wire),
                Control(counting, faults),
                options.host,
                options.port,
                options.control_port,
                grace=1,
            ) as addresses,
            background(
                expire_forever(store, billing, indexes, options.ttl_interval),
                keep_indexes(store),
                *([journal.broken()] if journal else []),
            ),
        ):
            yield addresses
    finally:
        if journal is not None:
            await journal.close()


def _handlers(store: Store, billing: Billing, wire: Wire) -> tuple[grpc.GenericRpcHandler, ...]:
    documents, lists = Documents(store, billing), Lists(store, billing)
    queries, commits = Queries(store, billing), Commits(store, billing)
    unary: UnaryMethods = {
        "GetDocument": (documents.get_document, rpc.GetDocumentRequest),
        "ListDocuments": (lists.list_documents, rpc.ListDocumentsRequest),
        "ListCollectionIds": (lists.list_collection_ids, rpc.ListCollectionIdsRequest),
        "BeginTransaction": (commits.begin_transaction, rpc.BeginTransactionRequest),
        "Rollback": (commits.rollback, rpc.RollbackRequest),
        "Commit": (commits.commit, rpc.CommitRequest),
        "BatchWrite": (commits.batch_write, rpc.BatchWriteRequest),
        "CreateDocument": (commits.create_document, rpc.CreateDocumentRequest),
        "UpdateDocument": (commits.update_document, rpc.UpdateDocumentRequest),
        "DeleteDocument": (commits.delete_document, rpc.DeleteDocumentRequest),
    }
    streaming: StreamingMethods = {
        "BatchGetDocuments": (documents.batch_get_documents, rpc.BatchGetDocumentsRequest),
        "RunQuery": (queries.run_query, rpc.RunQueryRequest),
        "RunAggregationQuery": (queries.run_aggregation_query, rpc.RunAggregationQueryRequest),
    }
    return wire.unary(_SERVICE, unary), wire.streaming(_SERVICE, streaming), listen.handler(_SERVICE)
