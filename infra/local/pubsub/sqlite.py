"""The journal in SQLite: what was committed survives the process, however it ends.

Changes are written in the order in which they were noted, in group commits: all that was noted while one
transaction was being written is the next one. So many publishers together wait for few commits.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local import data_folder

_FILE = "pubsub.sqlite3"
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

_Statement = tuple[str, tuple[object, ...]]
Deliveries = list[tuple[str, bool, int]]
"""Who holds a message: subscription, whether it is acknowledged, failed deliveries."""


class SqliteJournal:
    """A journal in a folder. Only one process at a time can have it open."""

    def __init__(self, folder: Path) -> None:
        """Open the journal, or begin it.

        Raises:
            CannotStartError: the folder cannot be made or used, or another process uses it.
        """
        # A write-ahead log that the system has is enough: it survives the process, if not a power cut.
        self._database = data_folder.open_file(folder, _FILE, synchronous="NORMAL")
        self._database.executescript(_TABLES)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._noted: list[_Statement] = []
        self._commit: asyncio.Task[None] | None = None

    # What is noted: see Journal.

    def save(self, kind: str, name: str, body: bytes) -> None:
        """Note a topic, subscription or schema, new or changed."""
        self._note("REPLACE INTO resources VALUES (?, ?, ?)", kind, name, body)

    def remove(self, kind: str, name: str) -> None:
        """Note that a topic, subscription or schema is gone."""
        self._note("DELETE FROM resources WHERE kind = ? AND name = ?", kind, name)
        if kind == "topic":  # its messages are none of a later topic of the same name
            self._note("UPDATE messages SET topic = '' WHERE topic = ?", name)

    def add_message(self, sequence: int, topic: str, published: float, proto: pb.PubsubMessage) -> None:
        """Note a published message."""
        body = proto.SerializeToString()
        self._note("INSERT INTO messages VALUES (?, ?, ?, ?)", sequence, topic, published, body)

    def remove_message(self, sequence: int) -> None:
        """Note that nobody keeps the message any more."""
        self._note("DELETE FROM messages WHERE sequence = ?", sequence)

    def save_delivery(self, subscription: str, sequence: int, *, acked: bool, failures: int) -> None:
        """Note that a subscription holds a message, and how far it is with it."""
        self._note("REPLACE INTO deliveries VALUES (?, ?, ?, ?)", sequence, subscription, acked, failures)

    def remove_delivery(self, subscription: str, sequence: int) -> None:
        """Note that a subscription is done with a message."""
        self._note("DELETE FROM deliveries WHERE sequence = ? AND subscription = ?", sequence, subscription)

    async def committed(self) -> None:
        """Return once all that was noted so far survives the process."""
        if self._commit is not None:
            await asyncio.shield(self._commit)

    async def close(self) -> None:
        """Write what is noted and let go of the folder."""
        await self.committed()
        self._thread.shutdown()
        self._database.close()

    def _note(self, statement: str, *parameters: object) -> None:
        if not self._noted:
            self._commit = asyncio.create_task(self._write(self._commit))
        self._noted.append((statement, parameters))

    async def _write(self, previous: "asyncio.Task[None] | None") -> None:
        if previous is not None:
            await previous
        noted, self._noted = self._noted, []
        await asyncio.get_running_loop().run_in_executor(self._thread, self._execute, noted)

    def _execute(self, statements: list[_Statement]) -> None:
        execute = self._database.execute
        execute("BEGIN")
        for statement, parameters in statements:
            execute(statement, parameters)
        execute("COMMIT")

    # What a restart finds

    def resources(self, kind: str) -> list[bytes]:
        """List the topics, subscriptions or schemas."""
        return [
            body for (body,) in self._database.execute("SELECT body FROM resources WHERE kind = ?", (kind,))
        ]

    def messages(self) -> Iterator[tuple[int, str, float, pb.PubsubMessage, Deliveries]]:
        """Yield the messages in the order of publication, each with its topic and who holds it."""
        holders: dict[int, Deliveries] = defaultdict(list)
        for sequence, subscription, acked, failures in self._database.execute("SELECT * FROM deliveries"):
            holders[sequence].append((subscription, bool(acked), failures))
        messages = self._database.execute("SELECT * FROM messages ORDER BY sequence")
        with contextlib.closing(messages):
            for sequence, topic, published, body in messages:
                yield sequence, topic, published, pb.PubsubMessage.FromString(body), holders[sequence]
