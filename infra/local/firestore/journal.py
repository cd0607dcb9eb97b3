"""The journal: the latest version of each document, kept in SQLite before a commit is acknowledged.

A kill at any moment loses no acknowledged commit and leaves none half done: a commit's versions are always in
one SQLite transaction, and that is synced to the disk before anyone hears of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.local.data_file import DataFile
from infra.local.firestore.state import Version

_TABLES = """
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


class SqliteJournal(DataFile):
    """Keeps the latest version of each document in a folder."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, made if need be; EmulatorError if that fails, or another emulator uses it."""
        super().__init__(folder, "firestore.sqlite3", tables=_TABLES, synchronous="FULL")

    def load(self) -> Iterator[StoredDocument]:
        """Read what an earlier run left."""
        rows = self.rows("SELECT database, path, created, updated, data FROM documents")
        for database, path, created, updated, data in rows:
            yield StoredDocument(database, path, Version(data, created, updated))

    def append(self, database: str, versions: Iterable[tuple[str, Version]]) -> None:
        """Take one commit's new versions, by path, in the order of commits."""
        for path, version in versions:
            if version.data:
                self.note(_PUT, database, path, version.created, version.updated, version.data)
            else:
                self.note(_DELETE, database, path)
