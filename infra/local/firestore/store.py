"""The databases in use: each has its documents and its transactions, and commits all changes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from google_apis.firestore.document_pb2 import Document
from infra.local.firestore import limits, writes
from infra.local.firestore.clock import SECOND, Clock
from infra.local.firestore.indexes import MAX_ENTRIES, Indexes
from infra.local.firestore.journal import SqliteJournal
from infra.local.firestore.locks import Changes, Holder, Locks
from infra.local.firestore.state import Database, Version
from infra.local.firestore.transactions import Timeouts, Transactions
from infra.local.status_errors import StatusError


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of all databases.

    Attributes:
        clock: The source of read and commit times.
        indexes: The indexes.
        timeouts: The time limits of transactions.
        retention: How many seconds superseded versions stay readable.
    """

    clock: Clock
    indexes: Indexes
    timeouts: Timeouts
    retention: float


class OpenDatabase:
    """One database in use."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        journal: SqliteJournal | None,
        documents: Database,
        changed: asyncio.Event,
    ) -> None:
        """Use these documents; set the event when they change."""
        self.name = name
        self.documents = documents
        self.clock = settings.clock
        self.indexes = settings.indexes
        self.locks = Locks(settings.timeouts.lock)
        self.transactions = Transactions(self.clock, self.locks, settings.timeouts)
        self._journal = journal
        self._changed = changed

    async def commit(
        self, checked: Sequence[writes.CheckedWrite], holder: Holder | None = None
    ) -> tuple[int, list[writes.Outcome]]:
        """Wait until no other transaction has locks on what changes, then apply all writes or none.

        Args:
            checked: The writes, in the order in which they take effect.
            holder: The transaction to commit; None for a commit outside of transactions.

        Returns:
            The commit time, and the outcome of each write.
        """
        time, outcomes, after = 0, list[writes.Outcome](), dict[str, Version]()

        def compute() -> Changes:
            nonlocal time, outcomes, after
            time = self.clock.commit_time()
            outcomes, after = self._perform(checked, time)
            return {path: (self._data(path), version.data) for path, version in after.items()}

        try:
            await self.locks.write(holder or Holder(), compute)
        except StatusError:
            await self.durable()  # the error reveals what is stored, which must not be lost then
            raise
        self.documents.apply(after, time)
        self._changed.set()
        if self._journal is not None:
            self._journal.append(self.name, after)
        return time, outcomes

    async def durable(self) -> None:
        """Wait until everything that can be read now would survive a crash."""
        if self._journal is not None:
            await self._journal.committed()

    def _perform(
        self, checked: Sequence[writes.CheckedWrite], time: int
    ) -> tuple[list[writes.Outcome], dict[str, Version]]:
        """Compute the outcomes of the writes; each write sees the effects of those before it."""
        outcomes = []
        after: dict[str, Version] = {}
        size = 0
        for write in checked:
            stored = after[write.path] if write.path in after else self.documents.get(write.path)
            outcome = writes.perform(write, stored if stored and stored.data else None, time)
            outcomes.append(outcome)
            if outcome.changed:
                size += len(outcome.data or (stored.data if stored else b""))
                self._check_entries(write.path, outcome.data)
                after[write.path] = Version(outcome.data, outcome.created, outcome.updated)
        limits.check_changed(size)
        return outcomes, after

    def _check_entries(self, path: str, data: bytes) -> None:
        # A document has fewer entries than bytes: a field has at most four entries (two orders in two scopes)
        # and at least nine bytes, an element of an array at most two entries and at least four bytes.
        if len(data) > MAX_ENTRIES:
            self.indexes.check_entries(path.split("/")[-2], Document.FromString(data))

    def _data(self, path: str) -> bytes:
        version = self.documents.get(path)
        return b"" if version is None else version.data


class Store:
    """All databases; each is created when it is first used.

    Attributes:
        changed: Set when a document in any of them has changed.
    """

    def __init__(self, settings: Settings, journal: SqliteJournal | None = None) -> None:
        """Start with the documents in the journal, if there is one."""
        self.changed = asyncio.Event()
        self._settings = settings
        self._journal = journal
        self._open: dict[str, OpenDatabase] = {}
        # The last change of an earlier run can be a deletion, of which no document has the time.
        self._horizon = settings.clock.read_time() if journal else 0
        for stored in journal.load() if journal else ():
            self.database(stored.database).documents.load(stored.path, stored.version)
        for database in self._open.values():
            settings.clock.not_before(database.documents.horizon)

    def database(self, name: str) -> OpenDatabase:
        """Return the database with a full name; create it if needed."""
        found = self._open.get(name)
        if found is None:
            settings = self._settings
            documents = Database(int(settings.retention * SECOND), settings.indexes, self._horizon)
            found = OpenDatabase(name, settings, self._journal, documents, self.changed)
            self._open[name] = found
        return found

    def databases(self) -> list[OpenDatabase]:
        """Return the databases that have been used."""
        return list(self._open.values())
