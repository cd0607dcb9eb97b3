"""The databases in use: each with its documents, its transactions, and its one way to commit."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from infra.local.firestore import writes
from infra.local.firestore.clock import SECOND, Clock
from infra.local.firestore.locks import Changes, Holder, Locks
from infra.local.firestore.state import Database, Version
from infra.local.firestore.transactions import Patience, Transactions


class Journal(Protocol):
    """Where commits are kept beyond the end of the process."""

    def append(self, database: str, versions: Iterable[tuple[str, Version]]) -> None:
        """Take one commit's new versions, by path, in the order of commits."""

    async def flushed(self) -> None:
        """Wait until all commits taken so far are safe."""


class OpenDatabase:
    """One database in use."""

    def __init__(
        self, documents: Database, clock: Clock, patience: Patience, journal: Journal | None
    ) -> None:
        self.name = documents.name
        self.documents = documents
        self.clock = clock
        self.locks = Locks(patience.lock)
        self.transactions = Transactions(clock, self.locks, patience)
        self._journal = journal

    async def commit(
        self, checked: Sequence[writes.CheckedWrite], holder: Holder | None = None
    ) -> tuple[int, list[writes.Outcome]]:
        """Do all writes or none, once nothing that others have locked is in the way.

        Args:
            checked: The writes, in the order in which they take effect.
            holder: The transaction to commit; None for a commit outside of any.

        Returns:
            The commit's time, and what each write did.
        """
        time, outcomes, after = 0, list[writes.Outcome](), dict[str, Version]()

        def compute() -> Changes:
            nonlocal time, outcomes, after
            time = self.clock.commit_time()
            outcomes, after = self._perform(checked, time)
            return {path: (self._data(path), version.data) for path, version in after.items()}

        await self.locks.write(holder or Holder(), compute)
        self.documents.apply(after, time)
        if self._journal is not None and after:
            self._journal.append(self.name, after.items())
        return time, outcomes

    async def durable(self) -> None:
        """Wait until what can be read now will be there after a crash."""
        if self._journal is not None:
            await self._journal.flushed()

    def _perform(
        self, checked: Sequence[writes.CheckedWrite], time: int
    ) -> tuple[list[writes.Outcome], dict[str, Version]]:
        """Compute what each write does, each on top of those before it."""
        outcomes = []
        after: dict[str, Version] = {}
        for write in checked:
            stored = after[write.path] if write.path in after else self.documents.get(write.path)
            outcome = writes.perform(write, stored if stored and stored.data else None, time)
            outcomes.append(outcome)
            if outcome.changed:
                after[write.path] = Version(outcome.data, outcome.created, outcome.updated)
        return outcomes, after

    def _data(self, path: str) -> bytes:
        version = self.documents.get(path)
        return b"" if version is None else version.data


class Store:
    """All databases, each made when it is first used, as production's emulators do."""

    def __init__(self, clock: Clock, patience: Patience, retention: float, journal: Journal | None) -> None:
        """Keep superseded versions readable for `retention` seconds."""
        self._clock = clock
        self._patience = patience
        self._retention = int(retention * SECOND)
        self._journal = journal
        self._open: dict[str, OpenDatabase] = {}

    def database(self, name: str) -> OpenDatabase:
        """Find a database by its full name."""
        found = self._open.get(name)
        if found is None:
            documents = Database(name, self._retention)
            found = self._open[name] = OpenDatabase(documents, self._clock, self._patience, self._journal)
        return found

    def databases(self) -> list[OpenDatabase]:
        """List the databases that have been used."""
        return list(self._open.values())
