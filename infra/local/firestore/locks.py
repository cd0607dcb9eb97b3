"""Locks: a commit waits for the transactions that have read what it changes, and deadlocks are found.

Reads share their locks; only a commit conflicts with them, and it is done in one step as soon as nothing is
in its way. While it waits, transactions that come anew to what it is about to change wait behind it, or it
might wait forever. In a circle of waiting transactions the youngest is aborted; a retried one keeps its age,
so that every transaction is the oldest at last.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from infra.local.firestore.queries.lock import QueryLock
from infra.local.refusals import Aborted

# By path, the documents that a commit changes: serialized before and after, empty where there is none.
Changes = Mapping[str, tuple[bytes, bytes]]

CONTENTION = "Too much contention on these documents. Please try again."


@dataclass(slots=True, eq=False)
class Holder:
    """One that can hold locks and wait for them: a transaction, or a commit outside of any.

    Attributes:
        born: Its age, as the time of its first attempt; None for a commit outside of any transaction, which
            holds nothing and so is no deadlock's cause.
        ended: Whether it can neither read nor commit any more.
        documents: The paths of the documents that it has locked.
        queries: The parts of queries that it has locked.
    """

    born: int | None = None
    ended: bool = False
    documents: set[str] = field(default_factory=set)
    queries: list[QueryLock] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class _Wait:
    """One RPC that waits: for whom, and what it is about to change, if it is a commit."""

    holder: Holder
    blockers: set[Holder]
    intent: Changes
    over: asyncio.Future[None]

    def end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


class Locks:
    """Who has read what in one database, and who waits for whom."""

    def __init__(self, patience: float) -> None:
        """Let nobody wait longer than this many seconds."""
        self._patience = patience
        self._readers: dict[str, set[Holder]] = {}
        self._scanners: dict[Holder, None] = {}
        self._waits: dict[_Wait, None] = {}

    async def read_documents(self, holder: Holder, paths: Iterable[str]) -> None:
        """Lock documents, whether they exist or not; Aborted if that takes too long."""
        wanted = set(paths) - holder.documents
        await self._wait_behind_writers(holder, lambda intent: not wanted.isdisjoint(intent))
        holder.documents |= wanted
        for path in wanted:
            self._readers.setdefault(path, set()).add(holder)

    async def read_query(self, holder: Holder, lock: QueryLock) -> None:
        """Wait until a query may be run and locked with `scanned`; Aborted if that takes too long."""
        await self._wait_behind_writers(holder, lambda intent: _meets(lock, intent))

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
            Aborted: That took too long, or the transaction was the youngest in a deadlock.
        """

        def look() -> tuple[set[Holder], Changes]:
            changes = compute()
            return self._holders(holder, changes), changes

        await self._until_free(holder, look)

    def end(self, holder: Holder) -> None:
        """Drop all that one holds; what it waits for in the meantime ends in ABORTED."""
        holder.ended = True
        for path in holder.documents:
            readers = self._readers[path]
            readers.discard(holder)
            if not readers:
                del self._readers[path]
        holder.documents.clear()
        holder.queries.clear()
        self._scanners.pop(holder, None)
        for wait in self._waits:
            if wait.holder is holder or holder in wait.blockers:
                wait.end()

    def _holders(self, holder: Holder, changes: Changes) -> set[Holder]:
        """Find those that have locked what would change."""
        found: set[Holder] = set()
        for path in changes:
            found |= self._readers.get(path, set())
        found |= {other for other in self._scanners if any(_meets(lock, changes) for lock in other.queries)}
        found.discard(holder)
        return found

    def _writers(self, holder: Holder, affects: Callable[[Changes], bool]) -> set[Holder]:
        """Find those that wait to change what one is about to read, unless they wait for that one itself."""
        return {
            wait.holder
            for wait in self._waits
            if not wait.holder.ended and holder not in {wait.holder, *wait.blockers} and affects(wait.intent)
        }

    async def _wait_behind_writers(self, holder: Holder, affects: Callable[[Changes], bool]) -> None:
        await self._until_free(holder, lambda: (self._writers(holder, affects), {}))

    async def _until_free(self, holder: Holder, look: Callable[[], tuple[set[Holder], Changes]]) -> None:
        """Wait until nobody is in the way: `look` finds who is, and what the holder is about to change."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        while not holder.ended:
            blockers, intent = look()
            if not blockers:
                return
            await self._wait(_Wait(holder, blockers, intent, loop.create_future()), deadline)
        raise Aborted(CONTENTION)  # what it locked now, nobody would unlock

    async def _wait(self, wait: _Wait, deadline: float) -> None:
        """Wait until one of the blockers is gone, or end the deadlock that waiting would make."""
        self._waits[wait] = None
        try:
            circle = self._circle(wait.holder)
            if circle:
                self.end(max(circle, key=lambda holder: holder.born or 0))
                return
            async with asyncio.timeout_at(deadline):
                await wait.over
        except TimeoutError:
            self.end(wait.holder)
        finally:
            del self._waits[wait]
            self._pass(wait.holder)

    def _circle(self, start: Holder) -> list[Holder]:
        """Find a circle of holders that wait for each other, from one back to itself."""

        def walk(holder: Holder, seen: set[Holder]) -> Iterator[list[Holder]]:
            for blocker in self._blockers(holder) - seen:
                if blocker is start:
                    yield [holder]
                    return
                seen.add(blocker)
                for rest in walk(blocker, seen):
                    yield [holder, *rest]

        return next(walk(start, set()), [])

    def _blockers(self, holder: Holder) -> set[Holder]:
        """Find whom one waits for. One that ended waits no more, though its RPC may not have noticed yet."""
        if holder.ended:
            return set()
        return {blocker for wait in self._waits if wait.holder is holder for blocker in wait.blockers}

    def _pass(self, holder: Holder) -> None:
        """Let those look again who wait for a commit that waits no more."""
        for wait in self._waits:
            if holder in wait.blockers:
                wait.end()


def _meets(lock: QueryLock, changes: Changes) -> bool:
    return any(
        lock.covers(path, before) or lock.covers(path, after) for path, (before, after) in changes.items()
    )
