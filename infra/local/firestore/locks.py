"""Locks: a commit waits for the transactions that have read what it changes. Deadlocks are detected.

Locks of reads are shared. Only a commit conflicts with them, and it is applied in one step as soon as there
are no conflicts. While it waits, new reads of what it changes wait behind it; otherwise, it could wait
forever. In a cycle of waiting transactions, the youngest is aborted. A retried transaction keeps its age, so
every transaction is the oldest at some point.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from infra.local.firestore.queries.lock import QueryLock
from infra.local.status_errors import Aborted

# The documents that a commit changes, by path: serialized before and after, empty if one does not exist.
Changes = Mapping[str, tuple[bytes, bytes]]

CONTENTION = "Too much contention on these documents. Please try again."


@dataclass(slots=True, eq=False)
class Holder:
    """A holder of locks that can also wait for others: a transaction, or a commit outside of transactions.

    Attributes:
        born: The time of the transaction's first attempt; None for a commit outside of transactions, which
            has no locks and so is never aborted in a deadlock.
        ended: Whether it can no longer read or commit.
        documents: The paths of its locked documents.
        queries: Its locked parts of queries.
    """

    born: int | None = None
    ended: bool = False
    documents: set[str] = field(default_factory=set)
    queries: list[QueryLock] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class _Wait:
    """A waiting RPC: the holders that it waits for, and for a commit, the changes that it intends."""

    holder: Holder
    blockers: set[Holder]
    intent: Changes
    over: asyncio.Future[None]

    def end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


class Locks:
    """The locks of one database, and the RPCs that wait for them."""

    def __init__(self, timeout: float) -> None:
        """Start without locks; an RPC waits for at most `timeout` seconds."""
        self._timeout = timeout
        self._readers: dict[str, set[Holder]] = {}
        self._scanners: dict[Holder, None] = {}
        self._waits: dict[_Wait, None] = {}

    async def read_documents(self, holder: Holder, paths: Iterable[str]) -> None:
        """Lock documents, whether they exist or not; raise Aborted as `write` does."""
        wanted = set(paths) - holder.documents
        await self._wait_behind_writers(holder, lambda intent: not wanted.isdisjoint(intent))
        holder.documents |= wanted
        for path in wanted:
            self._readers.setdefault(path, set()).add(holder)

    async def read_query(self, holder: Holder, lock: QueryLock) -> None:
        """Wait until a query can run and be locked with `scanned`; raise Aborted as `write` does."""
        await self._wait_behind_writers(holder, lambda intent: _meets(lock, intent))

    def scanned(self, holder: Holder, lock: QueryLock) -> None:
        """Lock the part of a query that has just been read."""
        holder.queries.append(lock)
        self._scanners[holder] = None

    async def write(self, holder: Holder, compute: Callable[[], Changes]) -> None:
        """Wait until changes conflict with no locks of others; the caller applies them in the same step.

        Args:
            holder: The transaction that commits, or a new holder for a commit outside of transactions.
            compute: Computes the changes from the stored documents; called again after each wait.

        Raises:
            Aborted: The wait took too long, or the transaction was the youngest in a deadlock.
        """

        def look() -> tuple[set[Holder], Changes]:
            changes = compute()
            return self._holders(holder, changes), changes

        await self._until_free(holder, look)

    def end(self, holder: Holder) -> None:
        """Release all locks of a holder and wake the RPCs that wait for it; its own end with ABORTED."""
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
        """Return the other holders with locks on what would change."""
        found: set[Holder] = set()
        for path in changes:
            found |= self._readers.get(path, set())
        found |= {other for other in self._scanners if any(_meets(lock, changes) for lock in other.queries)}
        found.discard(holder)
        return found

    def _writers(self, holder: Holder, affects: Callable[[Changes], bool]) -> set[Holder]:
        """Return the holders that wait to change what a holder will read, but do not wait for that holder."""
        return {
            wait.holder
            for wait in self._waits
            if not wait.holder.ended and holder not in {wait.holder, *wait.blockers} and affects(wait.intent)
        }

    async def _wait_behind_writers(self, holder: Holder, affects: Callable[[Changes], bool]) -> None:
        await self._until_free(holder, lambda: (self._writers(holder, affects), {}))

    async def _until_free(self, holder: Holder, look: Callable[[], tuple[set[Holder], Changes]]) -> None:
        """Wait until there are no conflicts: `look` returns those in conflict, and the holder's changes."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        while not holder.ended:
            blockers, intent = look()
            if not blockers:
                return
            await self._wait(_Wait(holder, blockers, intent, loop.create_future()), deadline)
        raise Aborted(CONTENTION)  # locks that it took now would never be released

    async def _wait(self, wait: _Wait, deadline: float) -> None:
        """Wait until the conflicts may have changed, or end the deadlock that the wait would cause."""
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
        """Return a cycle of holders that wait for each other, beginning with `start`; empty without one."""

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
        """Return those that a holder waits for: nobody once it has ended, even if its RPC has yet to wake."""
        if holder.ended:
            return set()
        return {blocker for wait in self._waits if wait.holder is holder for blocker in wait.blockers}

    def _pass(self, holder: Holder) -> None:
        """Wake the RPCs behind a commit that no longer waits, so that they check for conflicts again."""
        for wait in self._waits:
            if holder in wait.blockers:
                wait.end()


def _meets(lock: QueryLock, changes: Changes) -> bool:
    return any(
        lock.covers(path, before) or lock.covers(path, after) for path, (before, after) in changes.items()
    )
