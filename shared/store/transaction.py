"""Transactions, for decisions that must still hold for what they only read.

A read in one takes a lock, which a change of the document must wait for:
https://cloud.google.com/firestore/docs/transaction-data-contention#pessimistic
"""

from collections.abc import Sequence

from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.store.errors import StoreError
from shared.store.firestore import Firestore
from shared.store.wire import Document, TransactionOptions

RELEASE_SECONDS = 1.0


class Transaction:
    """One try of a transaction; it begins with its first read, in the same call.

    Args:
        firestore: the database.
        deadline: of the request that it is for.
        retry_of: the id of the try before; an older transaction wins over younger ones.
    """

    def __init__(self, firestore: Firestore, deadline: Deadline, *, retry_of: bytes = b"") -> None:
        self.id = b""
        self._firestore = firestore
        self._deadline = deadline
        self._retry_of = retry_of

    async def get(self, paths: Sequence[str]) -> dict[str, Document]:
        """Read documents with locks, and return those that exist by their paths.

        Raises:
            StoreError: what is known of the failure.
            Unavailable: the deadline is past.
        """
        if self.id:
            _, found = await self._firestore.batch_get(paths, self._deadline, transaction=self.id)
        else:
            options = TransactionOptions(
                read_write=TransactionOptions.ReadWrite(retry_transaction=self._retry_of)
            )
            self.id, found = await self._firestore.batch_get(paths, self._deadline, new_transaction=options)
        return found

    async def release(self) -> None:
        """Give the locks free, where nothing is committed."""
        if not self.id:
            return
        try:
            # Also past the request's deadline: idle locks would last for a minute.
            await self._firestore.rollback(self.id, Deadline(RELEASE_SECONDS))
        except (StoreError, Unavailable):
            return  # the store lets go of idle transactions by itself

    def successor(self) -> "Transaction":
        """Make the next try."""
        return Transaction(self._firestore, self._deadline, retry_of=self.id or self._retry_of)
