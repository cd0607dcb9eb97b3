"""Locks: a commit waits for the transactions that have read what it changes, and deadlocks are found.

Reads share their locks; only a commit conflicts with them, and it is done in one step as soon as nothing is
in its way. While it waits, transactions that come anew to what it is about to change wait behind it, or it
might wait forever. In a circle of waiting transactions the youngest is aborted; a retried one keeps its age,
so that every transaction is the oldest at last.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from infra.local.firestore.errors import AbortedError
from infra.local.firestore.queries.lock import QueryLock

# By path, the documents that a commit changes: serialized before and after, empty where there is none.
Changes = Mapping[str, tuple[bytes, bytes]]

CONTENTION = "Too much contention on these documents. Please try again."


@dataclass(slots=True, eq=False)
class Holder:
    """One that can hold locks and wait for them: a transaction, or a commit outside of any.

    Attributes:
        born: Its age, as the time of its first attempt; None for a commit outside of any transaction, which
            holds nothing and so is no deadlock's cause.
        aborted: Whether contention has ended it.
        documents: The paths of the documents that it has locked.
        queries: The parts of queries that it has locked.
        intent: What it waits to change.
        blockers: Those that it waits for.
        waiting: Done when it need not wait any more.
    """

    born: int | None = None
    aborted: bool = False
    documents: set[str] = field(default_factory=set)
    queries: list[QueryLock] = field(default_factory=list)
    intent: Changes = field(default_factory=dict)
    blockers: "set[Holder]" = field(default_factory=set)
    waiting: "asyncio.Future[None] | None" = None


class Locks:
    """Who has read what in one database, and who waits for whom."""

    def __init__(self, patience: float) -> None:
        """Let nobody wait longer than this many seconds."""
        self._patience = patience
        self._readers: dict[str, set[Holder]] = {}
        self._scanners: dict[Holder, None] = {}
        self._waiting: dict[Holder, None] = {}

    async def read_documents(self, holder: Holder, paths: Iterable[str]) -> None:
        """Lock documents, whether they exist or not; AbortedError if that takes too long."""
        wanted = set(paths) - holder.documents
        await self._until_free(
            holder, lambda: self._writers(holder, lambda intent: not wanted.isdisjoint(intent))
        )
        holder.documents |= wanted
        for path in wanted:
            self._readers.setdefault(path, set()).add(holder)

    async def read_query(self, holder: Holder, lock: QueryLock) -> None:
        """Wait until a query may be run and locked with `scanned`; AbortedError if that takes too long."""
        await self._until_free(holder, lambda: self._writers(holder, lambda intent: _meets(lock, intent)))

    def scanned(self, holder: Holder, lock: QueryLock) -> None:
        """Lock what a query has just covered."""
        holder.queries.append(lock)
        self._scanners[holder] = None

    async def write(self, holder: Holder, compute: Callable[[], Changes]) -> None:
        """Wait until changes touch nothing that others have locked; the caller applies them in the same step.

        Args:
            holder: The transaction that commits, or a stand-in for a commit outside of any.
            compute: Computes the changes from what is stored, anew after each wait.

        Raises:
            AbortedError: That took too long, or the transaction was the youngest in a deadlock.
        """

        def blockers() -> set[Holder]:
            holder.intent = compute()
            return self._holders(holder, holder.intent)

        try:
            await self._until_free(holder, blockers)
        finally:
            holder.intent = {}
            if holder.born is None:
                self._wake(holder)

    def release(self, holder: Holder) -> None:
        """Drop all that one holds."""
        for path in holder.documents:
            readers = self._readers[path]
            readers.discard(holder)
            if not readers:
                del self._readers[path]
        holder.documents.clear()
        holder.queries.clear()
        self._scanners.pop(holder, None)
        self._wake(holder)

    def _holders(self, holder: Holder, changes: Changes) -> set[Holder]:
        """Find those that have locked what would change."""
        found: set[Holder] = set()
        for path in changes:
            found |= self._readers.get(path, found)
        found |= {other for other in self._scanners if any(_meets(lock, changes) for lock in other.queries)}
        found.discard(holder)
        return found

    def _writers(self, holder: Holder, affects: Callable[[Changes], bool]) -> set[Holder]:
        """Find those that already wait to change what one is about to read, but not for that one to end."""
        return {
            other
            for other in self._waiting
            if holder not in {other, *other.blockers} and affects(other.intent)
        }

    async def _until_free(self, holder: Holder, blockers: Callable[[], set[Holder]]) -> None:
        loop = asyncio.get_running_loop()
        deadline: float | None = None
        while found := blockers():
            deadline = deadline or loop.time() + self._patience
            holder.blockers = found
            try:
                await self._wait(holder, deadline)
            finally:
                holder.blockers = set()
            if holder.aborted:
                raise AbortedError(CONTENTION)

    async def _wait(self, holder: Holder, deadline: float) -> None:
        """Wait until one of the blockers is gone, or end the deadlock that waiting would make."""
        circle = self._circle(holder)
        if circle:
            self._abort(max(circle, key=lambda other: other.born or 0))
            return
        holder.waiting = asyncio.get_running_loop().create_future()
        self._waiting[holder] = None
        try:
            async with asyncio.timeout_at(deadline):
                await holder.waiting
        except TimeoutError:
            self._abort(holder)
        finally:
            holder.waiting = None
            del self._waiting[holder]

    def _circle(self, start: Holder) -> list[Holder]:
        """Find a circle of holders that wait for each other, from one back to itself."""

        def walk(holder: Holder, seen: set[Holder]) -> Iterator[list[Holder]]:
            for blocker in holder.blockers - seen:
                if blocker is start:
                    yield [holder]
                    return
                seen.add(blocker)
                for rest in walk(blocker, seen):
                    yield [holder, *rest]

        return next(walk(start, set()), [])

    def _abort(self, holder: Holder) -> None:
        holder.aborted = True
        if holder.waiting is not None and not holder.waiting.done():
            holder.waiting.set_result(None)
        self.release(holder)

    def _wake(self, gone: Holder) -> None:
        for holder in self._waiting:
            if gone in holder.blockers and holder.waiting is not None and not holder.waiting.done():
                holder.waiting.set_result(None)


def _meets(lock: QueryLock, changes: Changes) -> bool:
    return any(
        lock.covers(path, before) or lock.covers(path, after) for path, (before, after) in changes.items()
    )
