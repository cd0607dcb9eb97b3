"""An emulator's data on disk, including when the disk is full."""

import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE

import grpc
import pytest
from google.api_core.exceptions import ServiceUnavailable
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport
from google.cloud.firestore_v1.types import Document, Value, Write
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport
from google.pubsub_v1.types import PubsubMessage

from infra.local.command import EmulatorError
from infra.local.data_file import CannotKeep, DataFile


async def test_once_the_disk_is_full_nothing_is_acknowledged_and_what_was_is_there(tmp_path: Path) -> None:
    file = opened(tmp_path)
    file.note("INSERT INTO kept VALUES ('before')")
    await file.committed()
    file.note("PRAGMA max_page_count = 4")
    file.note("INSERT INTO kept VALUES (?)", "x" * 100_000)
    with pytest.raises(CannotKeep, match="full"):
        await file.committed()
    with pytest.raises(EmulatorError, match="full"):
        await file.broken()
    file.note("INSERT INTO kept VALUES ('after')")
    for _ in range(2):
        with pytest.raises(CannotKeep, match="full"):
            await file.committed()
    await file.close()

    again = opened(tmp_path)
    assert list(again.rows("SELECT value FROM kept")) == [("before",)]
    await again.close()


async def test_what_was_noted_is_written_before_the_file_is_closed(tmp_path: Path) -> None:
    file = opened(tmp_path)
    for number in range(1000):
        file.note("INSERT INTO kept VALUES (?)", str(number))
    await file.close()

    again = opened(tmp_path)
    assert list(again.rows("SELECT count(*) FROM kept")) == [(1000,)]
    again.note("INSERT INTO kept VALUES (?)", 2**70)  # too large for SQLite's integers
    with pytest.raises(EmulatorError, match="too large"):
        await again.close()


def opened(folder: Path) -> DataFile:
    tables = "CREATE TABLE IF NOT EXISTS kept (value TEXT)"
    return DataFile(folder, "data.sqlite3", tables=tables, synchronous="FULL")


def store(host: str) -> None:
    """Commit documents until the disk is full."""
    transport = FirestoreGrpcTransport(channel=grpc.insecure_channel(host))
    database = "projects/p/databases/(default)"
    for number in range(20):
        fields = {"filling": Value(bytes_value=b"x" * 100_000)}
        document = Document(name=f"{database}/documents/kept/{number}", fields=fields)
        FirestoreClient(transport=transport).commit(
            request={"database": database, "writes": [Write(update=document)]}, retry=None, timeout=10
        )


def publish(host: str) -> None:
    """Publish messages until the disk is full."""
    transport = PublisherGrpcTransport(channel=grpc.insecure_channel(host))
    publisher = PublisherClient(transport=transport)
    topic = publisher.create_topic(name="projects/p/topics/kept", retry=None, timeout=10)
    subscriber = SubscriberClient(transport=SubscriberGrpcTransport(channel=grpc.insecure_channel(host)))
    subscriber.create_subscription(
        name="projects/p/subscriptions/kept", topic=topic.name, retry=None, timeout=10
    )
    for _ in range(20):
        message = PubsubMessage(data=b"x" * 100_000)
        publisher.publish(topic=topic.name, messages=[message], retry=None, timeout=10)


@pytest.mark.parametrize(
    ("module", "name", "write"), [("firestore", "Firestore", store), ("pubsub", "Pub/Sub", publish)]
)
def test_an_emulator_whose_disk_is_full_says_so_once_and_ends(
    tmp_path: Path, module: str, name: str, write: Callable[[str], None]
) -> None:
    command = [sys.executable, "-m", f"infra.local.{module}", "--port=0", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        host = process.stdout.readline().split(",")[0].rpartition(" ")[2]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
        with pytest.raises(ServiceUnavailable, match=re.escape(str(tmp_path))):
            write(host)
        assert process.wait(10) == 1
        [line] = process.stderr.read().splitlines()
    assert re.fullmatch(rf"{name} emulator: {tmp_path}: .+; it ends, as it can keep nothing more", line)
