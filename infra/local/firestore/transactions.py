"""Transactions: they begin, are used, and end by commit, rollback, contention or timeout.

For server clients, Firestore uses pessimistic concurrency control: what a read-write transaction reads stays
locked until it ends. https://firebase.google.com/docs/firestore/transaction-data-contention
"""

import asyncio
import itertools
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from google_apis.firestore.common_pb2 import TransactionOptions
from infra.local.firestore.clock import Clock, from_timestamp
from infra.local.firestore.locks import CONTENTION, Holder, Locks
from infra.local.status_errors import (
    Aborted,
    FailedPrecondition,
    InvalidArgument,
    Unimplemented,
)

_TOKEN = struct.Struct(">QQ")  # a serial number, and the time of the first attempt
_EXPIRED = "The referenced transaction has expired or is no longer valid."


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits in seconds; the defaults are production's, except `lock`, which is not documented.

    https://firebase.google.com/docs/firestore/quotas#writes_and_transactions
    """

    idle: float = 60
    total: float = 270
    lock: float = 10


@dataclass(slots=True, eq=False, kw_only=True)
class Transaction(Holder):
    """One transaction.

    Attributes:
        token: Identifies the transaction in requests.
        read_time: The time that a read-only transaction reads at; None if it is read-write.
    """

    token: bytes
    read_time: int | None = None
    began: float
    used: float
    in_use: int = 0


class Transactions:
    """The transactions of one database."""

    def __init__(self, clock: Clock, locks: Locks, timeouts: Timeouts) -> None:
        self._clock = clock
        self._locks = locks
        self._timeouts = timeouts
        self._open: dict[bytes, Transaction] = {}
        self._serial = itertools.count(1)

    def begin(self, options: TransactionOptions, horizon: int) -> Transaction:
        """Begin a transaction.

        Args:
            options: Read-only or read-write, and the transaction that it retries.
            horizon: The oldest time that can be read.
        """
        if options.read_write.concurrency_mode == TransactionOptions.OPTIMISTIC:
            raise Unimplemented("TransactionOptions.ReadWrite.concurrency_mode OPTIMISTIC")
        now = self._clock.read_time()
        born, read_time = now, None
        if options.HasField("read_only"):
            read_time = now
            if options.read_only.HasField("read_time"):
                read_time = from_timestamp(options.read_only.read_time)
                check_past(read_time, now, horizon)
        elif len(options.read_write.retry_transaction) == _TOKEN.size:
            born = min(now, _TOKEN.unpack(options.read_write.retry_transaction)[1])
        loop = asyncio.get_running_loop()
        token = _TOKEN.pack(next(self._serial), born)
        transaction = Transaction(
            born=born, token=token, read_time=read_time, began=loop.time(), used=loop.time()
        )
        self._open[token] = transaction
        loop.call_later(min(self._timeouts.idle, self._timeouts.total), self._expire, transaction)
        return transaction

    @contextmanager
    def using(self, token: bytes) -> Iterator[Transaction]:
        """Use a transaction for one RPC, during which it is not idle.

        Raises:
            InvalidArgument: It has ended or never existed.
            Aborted: It was ended because of contention.
        """
        transaction = self._find(token)
        if transaction.ended:
            raise Aborted(CONTENTION)
        transaction.in_use += 1
        try:
            yield transaction
        finally:
            transaction.in_use -= 1
            transaction.used = asyncio.get_running_loop().time()

    def end(self, transaction: Transaction) -> None:
        """End a transaction, and release its locks."""
        self._open.pop(transaction.token, None)
        self._locks.end(transaction)

    def rollback(self, token: bytes) -> None:
        """End a transaction without effect, even if it was already ended because of contention."""
        self.end(self._find(token))

    def _find(self, token: bytes) -> Transaction:
        transaction = self._open.get(token)
        if transaction is None:
            raise InvalidArgument(_EXPIRED if len(token) == _TOKEN.size else "Invalid transaction.")
        return transaction

    def _expire(self, transaction: Transaction) -> None:
        """End a transaction that has reached a time limit, or schedule the next check."""
        if transaction.token not in self._open:
            return
        loop = asyncio.get_running_loop()
        idle_until = loop.time() + 1 if transaction.in_use else transaction.used + self._timeouts.idle
        until = min(idle_until, transaction.began + self._timeouts.total)
        if loop.time() >= until:
            self.end(transaction)
        else:
            loop.call_at(until, self._expire, transaction)


def check_past(time: int, now: int, horizon: int) -> None:
    """Check a read time; all times are in microseconds.

    Raises:
        InvalidArgument: It is in the future.
        FailedPrecondition: It is before the oldest time that can be read.
    """
    if time > now:
        raise InvalidArgument("The read time is in the future.")
    if time < horizon:
        raise FailedPrecondition("The requested snapshot version is too old.")
