"""Transactions, for decisions that depend on documents that they only read.

A read in a transaction locks the document, and changes of it wait for the lock:
https://cloud.google.com/firestore/docs/transaction-data-contention#pessimistic
"""

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from google_apis.firestore.common_pb2 import TransactionOptions
from google_apis.firestore.document_pb2 import Document
from shared.domain.attempts import Attempts
from shared.domain.deadline import Deadline
from shared.store.errors import FAILURES, Ambiguous
from shared.store.firestore import Firestore, read_time
from shared.store.wire_format import Write

# Less than `SETTLE_SECONDS` of a change, which looks for its commit after the release.
RELEASE_SECONDS = 0.5


class Transaction:
    """One attempt of a transaction: it begins in the call of its first read, and ends with its commit.

    At its end, the context manager releases the locks if there was no commit, because later calls would wait
    for them. Without a read there is no transaction, only the commit.

    Args:
        firestore: the database.
        deadline: the request's deadline.
        retry_of: the id of the previous attempt; older transactions have priority over younger ones.

    Attributes:
        read_time: the time of the last read; None before the first.
    """

    read_time: datetime | None = None

    def __init__(self, firestore: Firestore, deadline: Deadline, *, retry_of: bytes = b"") -> None:
        self._firestore = firestore
        self._deadline = deadline
        self._retry_of = retry_of
        self._id = b""
        self._is_committed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._id or self._is_committed:
            return
        # Even after the request's deadline, and repeated if there is no answer, because idle locks would last
        # for a minute.
        deadline = Deadline(RELEASE_SECONDS)
        async for _ in Attempts(deadline):
            try:
                await self._firestore.rollback(self._id, deadline)
            except Ambiguous:
                continue
            except FAILURES:
                pass  # only the result of the block counts; the store ends idle transactions itself
            return

    async def get(self, paths: Sequence[str], *, fields: Sequence[str] = ()) -> dict[str, Document]:
        """Read documents or some of their fields with locks; return those that exist by their paths.

        Raises:
            StoreError: the call failed; the class says how.
            Unavailable: the deadline has passed.
        """
        options = TransactionOptions(
            read_write=TransactionOptions.ReadWrite(retry_transaction=self._retry_of)
        )
        responses = []
        async for response in self._firestore.batch_get(
            paths,
            self._deadline,
            fields=fields,
            transaction=self._id,
            new_transaction=None if self._id else options,
        ):
            self._id = response.transaction or self._id
            responses.append(response)
        self.read_time = read_time(responses)
        return self._firestore.documents_by_path(responses)

    async def commit(self, writes: Sequence[Write], deadline: Deadline) -> datetime:
        """Apply all writes or none, and return the time of the commit.

        Raises:
            StoreError: the call failed; the class says how.
            Unavailable: the deadline has passed.
        """
        time = await self._firestore.commit(writes, deadline, transaction=self._id)
        self._is_committed = True
        return time

    def successor(self) -> "Transaction":
        """Return the next attempt; after a commit, a new transaction that is not a retry."""
        retry_of = b"" if self._is_committed else self._id or self._retry_of
        return Transaction(self._firestore, self._deadline, retry_of=retry_of)
