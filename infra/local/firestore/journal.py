"""The journal: commits kept in SQLite, many in one transaction, before they are acknowledged.

A kill at any moment loses no acknowledged commit and leaves none half done: a commit's versions are always in
one SQLite transaction, and that is synced to the disk before anyone hears of it.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from infra.local import data_folder
from infra.local.firestore.state import Version

_FILE = "firestore.sqlite3"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    database TEXT NOT NULL, path TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    data BLOB NOT NULL, PRIMARY KEY (database, path)
) WITHOUT ROWID
"""
_PUT = "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM documents WHERE database = ? AND path = ?"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as an earlier run left it."""

    database: str
    path: str
    version: Version


@dataclass(frozen=True, slots=True)
class _Batch:
    """The latest versions of one SQLite transaction, by database and path."""

    done: asyncio.Future[None]
    versions: dict[tuple[str, str], Version] = field(default_factory=dict)


class SqliteJournal:
    """Keeps the latest version of each document in a folder; use it within one event loop."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, made if need be; CannotStartError if that fails, or another emulator uses it."""
        self._connection = data_folder.open_file(folder, _FILE, synchronous="FULL")
        self._connection.execute(_SCHEMA)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._pending: _Batch | None = None
        self._writing: _Batch | None = None
        self._writer: asyncio.Task[None] | None = None
        self._failure: sqlite3.Error | None = None

    def load(self) -> Iterator[StoredDocument]:
        """Read what an earlier run left."""
        rows = self._connection.execute("SELECT database, path, created, updated, data FROM documents")
        for database, path, created, updated, data in rows:
            yield StoredDocument(database, path, Version(data, created, updated))

    def append(self, database: str, versions: Iterable[tuple[str, Version]]) -> None:
        """Take one commit's new versions, by path, in the order of commits."""
        if self._pending is None:
            self._pending = _Batch(asyncio.get_running_loop().create_future())
        for path, version in versions:
            self._pending.versions[database, path] = version
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    async def flushed(self) -> None:
        """Wait until all commits taken so far are on the disk.

        Raises:
            sqlite3.Error: One of them could not be written, now or earlier. What is in memory is not what is
                on the disk any more, so nothing is acknowledged from then on.
        """
        batch = self._pending or self._writing
        if batch is not None:
            await asyncio.shield(batch.done)  # others wait for it too, whoever gives up
        if self._failure is not None:
            raise self._failure

    async def close(self) -> None:
        """Write what is pending, and let go of the folder."""
        if self._writer is not None:
            await self._writer
        self._thread.shutdown()
        self._connection.close()

    async def _write(self) -> None:
        """Write batches until nothing is pending; while one is written, the next one gathers."""
        while self._pending is not None:
            batch = self._writing = self._pending
            self._pending = None
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._save, batch.versions)
            except sqlite3.Error as error:
                self._failure = error
            batch.done.set_result(None)
        self._writing = self._writer = None

    def _save(self, versions: dict[tuple[str, str], Version]) -> None:
        gone = [key for key, version in versions.items() if not version.data]
        kept = [
            (*key, version.created, version.updated, version.data)
            for key, version in versions.items()
            if version.data
        ]
        self._connection.execute("BEGIN")
        self._connection.executemany(_PUT, kept)
        self._connection.executemany(_DELETE, gone)
        self._connection.execute("COMMIT")
