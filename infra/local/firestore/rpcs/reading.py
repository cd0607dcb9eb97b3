"""The time of a read: now, a past time, or the read time of its transaction."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from infra.local.firestore import clock
from infra.local.firestore.pauses import pauses
from infra.local.firestore.queries import required, run
from infra.local.firestore.queries.parse import Query
from infra.local.firestore.store import OpenDatabase
from infra.local.firestore.transactions import Transaction, check_past


class ReadRequest(Protocol):
    """A request with a consistency selector, which has at least a read time."""

    read_time: Timestamp

    def WhichOneof(self, oneof_group: str) -> str | None: ...  # noqa: D102, N802 - protobuf's name


@dataclass(frozen=True, slots=True)
class Reading:
    """One RPC's view of a database.

    Attributes:
        database: The database.
        transaction: The transaction of the read, if any.
        begun: The token of the transaction if it began with this read, for the response; otherwise empty.
        time: The past time to read at; None for now.
    """

    database: OpenDatabase
    transaction: Transaction | None
    begun: bytes
    time: int | None

    @property
    def holder(self) -> Transaction | None:
        """The transaction, if it locks what it reads."""
        return self.transaction if self.transaction and self.transaction.read_time is None else None

    def read_time(self) -> Timestamp:
        """Return the time as of which the response is correct."""
        return clock.to_timestamp(self.database.clock.read_time() if self.time is None else self.time)

    async def lock_documents(self, paths: Iterable[str]) -> None:
        """Lock documents, if the transaction needs that."""
        if self.holder:
            await self.database.locks.read_documents(self.holder, paths)

    async def prepare(self, query: Query) -> None:
        """Reject a query without its indexes, and bring its indexes up to date."""
        required.check(query, self.database.indexes)
        await pauses(run.prepare(self.database.documents, query))


@asynccontextmanager
async def reading(database: OpenDatabase, request: ReadRequest) -> AsyncIterator[Reading]:
    """Read as of the time, or in the transaction, of the request's consistency selector.

    Raises:
        InvalidArgument: The time is in the future, or the transaction has ended or never existed.
        FailedPrecondition: The time is no longer retained.
        Aborted: The transaction was ended because of contention.
    """
    match request.WhichOneof("consistency_selector"):
        case "transaction":
            token: bytes = request.transaction  # type: ignore[attr-defined] # the case says it
            with database.transactions.using(token) as transaction:
                if transaction.read_time is not None:
                    _check(database, transaction.read_time)  # the retention can be shorter than a transaction
                yield Reading(database, transaction, b"", transaction.read_time)
        case "new_transaction":
            options = request.new_transaction  # type: ignore[attr-defined] # the case says it
            began = database.transactions.begin(options, database.documents.horizon)
            try:
                with database.transactions.using(began.token) as transaction:
                    yield Reading(database, transaction, began.token, transaction.read_time)
            except BaseException:
                database.transactions.end(began)  # the client gets no token to end it with
                raise
        case "read_time":
            time = clock.from_timestamp(request.read_time)
            _check(database, time)
            yield Reading(database, None, b"", time)
        case _:
            yield Reading(database, None, b"", None)
    await database.durable()


def _check(database: OpenDatabase, time: int) -> None:
    check_past(time, database.clock.read_time(), database.documents.horizon)
