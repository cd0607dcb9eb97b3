"""The journal: the latest version of each document in SQLite, written before a commit is acknowledged.

A kill at any moment loses no acknowledged commit and leaves none incomplete: the versions of a commit are in
one SQLite transaction, which is synced to the disk before the commit is acknowledged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.data_file import DataFile
from infra.local.firestore.state import Version

# Not WITHOUT ROWID, which would put every document of more than a kilobyte on pages of its own.
_TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    database TEXT NOT NULL, path TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    data BLOB NOT NULL, PRIMARY KEY (database, path)
)
"""
_PUT = """
INSERT INTO documents VALUES (?, ?, ?, ?, ?) ON CONFLICT (database, path)
DO UPDATE SET created = excluded.created, updated = excluded.updated, data = excluded.data
"""
_DELETE = "DELETE FROM documents WHERE database = ? AND path = ?"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document that an earlier run stored."""

    database: str
    path: str
    version: Version


class SqliteJournal(DataFile):
    """Keeps the latest version of each document in a folder."""

    def __init__(self, folder: Path) -> None:
        """Open the folder; create it if needed.

        Raises:
            EmulatorError: The folder cannot be used, or another emulator uses it.
        """
        super().__init__(folder, "firestore.sqlite3", tables=_TABLES, synchronous="FULL")

    def load(self) -> Iterator[StoredDocument]:
        """Read the documents of an earlier run."""
        rows = self.rows("SELECT database, path, created, updated, data FROM documents")
        for database, path, created, updated, data in rows:
            yield StoredDocument(database, path, Version(data, created, updated))

    def append(self, database: str, versions: Mapping[str, Version]) -> None:
        """Add the new versions of one commit, by path; commits must be added in their order."""
        for path, version in versions.items():
            if version.data:
                self.note(_PUT, database, path, version.created, version.updated, version.data)
            else:
                self.note(_DELETE, database, path)
