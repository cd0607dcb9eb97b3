"""The journal in SQLite: what was committed survives the process, however it ends."""

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
        """Open the journal, or begin it.

        Raises:
            EmulatorError: the folder cannot be made or used, or another process uses it.
        """
        # A write-ahead log that the system has is enough: it survives the process, if not a power cut.
        super().__init__(folder, "pubsub.sqlite3", tables=_TABLES, synchronous="NORMAL")

    # What is noted: see Journal.

    def save(self, kind: str, name: str, body: bytes) -> None:
        """Note a topic, subscription or schema, new or changed."""
        self.note("REPLACE INTO resources VALUES (?, ?, ?)", kind, name, body)

    def remove(self, kind: str, name: str) -> None:
        """Note that a topic, subscription or schema is gone."""
        self.note("DELETE FROM resources WHERE kind = ? AND name = ?", kind, name)

    def add_message(self, sequence: int, topic: str, published: float, proto: pb.PubsubMessage) -> None:
        """Note a published message, and which topic retains it; empty: none."""
        body = proto.SerializeToString()
        self.note("INSERT INTO messages VALUES (?, ?, ?, ?)", sequence, topic, published, body)

    def end_retention(self, sequence: int) -> None:
        """Note that no topic retains the message any more; subscriptions may still hold it."""
        self.note("UPDATE messages SET topic = '' WHERE sequence = ?", sequence)

    def remove_message(self, sequence: int) -> None:
        """Note that nobody keeps the message any more."""
        self.note("DELETE FROM messages WHERE sequence = ?", sequence)

    def save_delivery(self, subscription: str, sequence: int, *, acked: bool, failures: int) -> None:
        """Note that a subscription holds a message, and how far it is with it."""
        self.note("REPLACE INTO deliveries VALUES (?, ?, ?, ?)", sequence, subscription, acked, failures)

    def remove_delivery(self, subscription: str, sequence: int) -> None:
        """Note that a subscription is done with a message."""
        self.note("DELETE FROM deliveries WHERE sequence = ? AND subscription = ?", sequence, subscription)

    # What a restart finds

    def resources(self, kind: str) -> list[bytes]:
        """List the topics, subscriptions or schemas."""
        return [body for (body,) in self.rows("SELECT body FROM resources WHERE kind = ?", kind)]

    def messages(self) -> Iterator[tuple[int, str, float, pb.PubsubMessage, Deliveries]]:
        """Yield the messages in the order of publication, each with what retains it and who holds it."""
        holders: dict[int, Deliveries] = defaultdict(list)
        for sequence, subscription, acked, failures in self.rows("SELECT * FROM deliveries"):
            holders[sequence].append((subscription, bool(acked), failures))
        for sequence, topic, published, body in self.rows("SELECT * FROM messages ORDER BY sequence"):
            yield sequence, topic, published, pb.PubsubMessage.FromString(body), holders[sequence]
