"""After `kill -9`, every acknowledged commit is there completely; any other completely or not at all.

For more kills: `EMULATOR_KILLS=100 python -m pytest -k durability`.
"""

import asyncio
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from google.api_core.exceptions import FailedPrecondition, GoogleAPICallError
from google.cloud.firestore import Client
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from google.cloud.firestore_v1.types import Document, Precondition, Value, Write

from tests.emulators.firestore.emulator import Emulator, running

KILLS = int(os.environ.get("EMULATOR_KILLS", "3"))
WRITERS = 8
KEPT = 5  # log entries of each writer


@dataclass
class Writer:
    """Counts up, in commits of four writes: three documents with the number, and an old log entry's end."""

    name: str
    sent: int = 0
    acknowledged: int = 0

    async def write(self, client: FirestoreAsyncClient, database: str) -> None:
        """Commit as fast as possible, until the emulator is killed."""
        while True:
            self.sent += 1
            try:
                await client.commit(
                    request={"database": database, "writes": self._writes(database)}, retry=None, timeout=10
                )
            except GoogleAPICallError:
                return
            self.acknowledged = self.sent

    def _writes(self, database: str) -> list[Write]:
        start = f"{database}/documents"
        value = {"n": Value(integer_value=self.sent), "filling": Value(string_value="x" * 200)}
        return [
            Write(update=Document(name=f"{start}/left/{self.name}", fields=value)),
            Write(update=Document(name=f"{start}/right/{self.name}", fields=value)),
            Write(
                update=Document(name=f"{start}/writers/{self.name}/log/{self.sent}", fields=value),
                current_document=Precondition(exists=False),
            ),
            Write(delete=f"{start}/writers/{self.name}/log/{self.sent - KEPT}"),
        ]

    def found(self, client: Client) -> int:
        """Return the highest committed number, after a check that all documents agree."""
        left, right = (client.document(f"{side}/{self.name}").get() for side in ("left", "right"))
        log = {int(entry.id): entry for entry in client.collection(f"writers/{self.name}/log").stream()}
        last = max(log, default=0)
        assert set(log) == set(range(max(1, last - KEPT + 1), last + 1))
        assert [side.get("n") if side.exists else 0 for side in (left, right)] == [last, last]
        if last:
            assert {side.update_time for side in (left, right)} == {log[last].create_time}
        return last


async def test_no_kill_loses_an_acknowledged_commit_or_leaves_half_of_one(
    tmp_path: Path, project: str
) -> None:
    seed = time.time_ns()
    print(f"{seed=}")  # noqa: T201 - shown when the test fails
    rng = random.Random(seed)  # noqa: S311 - not a secret
    writers = [Writer(f"writer-{number}") for number in range(WRITERS)]
    for _ in range(KILLS):
        with running("--data", str(tmp_path)) as emulator:
            check(emulator, project, writers)
            await load(emulator, project, writers, rng.uniform(0.05, 0.6))
    with running("--data", str(tmp_path)) as emulator:
        check(emulator, project, writers)
    assert all(writer.acknowledged for writer in writers)


def test_the_past_of_before_a_restart_is_rejected(tmp_path: Path, project: str) -> None:
    with running("--data", str(tmp_path)) as emulator, emulator.client(project) as client:
        client.document("things/kept").set({})
        client.document("things/deleted").set({})
        seen = client.document("things/deleted").get().read_time
        client.document("things/deleted").delete()
    with running("--data", str(tmp_path)) as emulator, emulator.client(project) as client:
        with pytest.raises(FailedPrecondition, match="too old"):
            list(client.collection("things").stream(read_time=seen))
        assert [thing.id for thing in client.collection("things").stream()] == ["kept"]


def check(emulator: Emulator, project: str, writers: list[Writer]) -> None:
    """Compare the emulator's documents with the writers' state, and let the writers continue from there."""
    with emulator.client(project) as client:
        for writer in writers:
            reached = writer.found(client)
            assert writer.acknowledged <= reached <= writer.sent
            writer.sent = writer.acknowledged = reached


async def load(emulator: Emulator, project: str, writers: list[Writer], seconds: float) -> None:
    """Run all writers concurrently, and kill the emulator while they write."""
    channels = [grpc.aio.insecure_channel(emulator.host) for _ in writers]
    clients = [
        FirestoreAsyncClient(transport=FirestoreGrpcAsyncIOTransport(channel=channel)) for channel in channels
    ]
    asyncio.get_running_loop().call_later(seconds, emulator.process.kill)
    database = f"projects/{project}/databases/(default)"
    await asyncio.gather(
        *(writer.write(client, database) for writer, client in zip(writers, clients, strict=True))
    )
    for client in clients:
        close: Any = client.transport.close  # it has no types
        await close()
