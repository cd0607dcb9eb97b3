"""The journal in SQLite: committed changes survive any end of the process."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.data_file import DataFile
from infra.local.pubsub.journal import Deliveries, Journal

_TABLES = """
CREATE TABLE IF NOT EXISTS resources (
    kind TEXT, name TEXT, body BLOB, PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    sequence INTEGER PRIMARY KEY, topic TEXT, published REAL, body BLOB
);
CREATE TABLE IF NOT EXISTS deliveries (
    sequence INTEGER, subscription TEXT, acked INTEGER, failures INTEGER, PRIMARY KEY (sequence, subscription)
) WITHOUT ROWID;
"""


class SqliteJournal(DataFile, Journal):
    """A journal in a folder."""

    def __init__(self, folder: Path) -> None:
        """Open the journal; create it if needed.

        Raises:
            EmulatorError: the folder cannot be created or used, or another process uses it.
        """
        # It is enough that the system has the write-ahead log: that survives the process, if not a power cut.
        super().__init__(folder, "pubsub.sqlite3", tables=_TABLES, synchronous="NORMAL")

    # Changes: see Journal.

    def save(self, kind: str, name: str, body: bytes) -> None:
        """Record a new or changed topic, subscription or schema."""
        self.note("REPLACE INTO resources VALUES (?, ?, ?)", kind, name, body)

    def remove(self, kind: str, name: str) -> None:
        """Record that a topic, subscription or schema is deleted."""
        self.note("DELETE FROM resources WHERE kind = ? AND name = ?", kind, name)

    def add_message(self, sequence: int, topic: str, published: float, proto: pb.PubsubMessage) -> None:
        """Record a published message, and the topic that retains it; empty if none does."""
        body = proto.SerializeToString()
        self.note("INSERT INTO messages VALUES (?, ?, ?, ?)", sequence, topic, published, body)

    def end_retention(self, sequence: int) -> None:
        """Record that no topic retains a message any more; subscriptions can still hold it."""
        self.note("UPDATE messages SET topic = '' WHERE sequence = ?", sequence)

    def remove_message(self, sequence: int) -> None:
        """Record that a message has no holders any more."""
        self.note("DELETE FROM messages WHERE sequence = ?", sequence)

    def save_delivery(self, subscription: str, sequence: int, *, acked: bool, failures: int) -> None:
        """Record that a subscription holds a message, and the state of its delivery."""
        self.note("REPLACE INTO deliveries VALUES (?, ?, ?, ?)", sequence, subscription, acked, failures)

    def remove_delivery(self, subscription: str, sequence: int) -> None:
        """Record that a subscription no longer holds a message."""
        self.note("DELETE FROM deliveries WHERE sequence = ? AND subscription = ?", sequence, subscription)

    # State after a restart

    def resources(self, kind: str) -> list[bytes]:
        """Return the topics, subscriptions or schemas."""
        return [body for (body,) in self.rows("SELECT body FROM resources WHERE kind = ?", kind)]

    def messages(self) -> Iterator[tuple[int, str, float, pb.PubsubMessage, Deliveries]]:
        """Yield the messages in order of publication, each with its retaining topic and its deliveries."""
        holders: dict[int, Deliveries] = defaultdict(list)
        for sequence, subscription, acked, failures in self.rows("SELECT * FROM deliveries"):
            holders[sequence].append((subscription, bool(acked), failures))
        for sequence, topic, published, body in self.rows("SELECT * FROM messages ORDER BY sequence"):
            yield sequence, topic, published, pb.PubsubMessage.FromString(body), holders[sequence]
