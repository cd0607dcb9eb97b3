import os
from datetime import timedelta

from google.cloud.pubsub_v1 import PublisherClient

from tests import proc
from tests.emulators.pubsub.emulator import running
from tests.emulators.pubsub.throughput import measure

MESSAGES = int(os.environ.get("EMULATOR_MESSAGES", "5000"))
CONTENT = b"x" * 400
ATTRIBUTES = {f"ce-attribute-{number}": "x" * 36 for number in range(10)}
BYTES = len(CONTENT) + sum(len(name) + len(value) for name, value in ATTRIBUTES.items())


def test_a_stream_of_messages_loses_nothing() -> None:
    """`python -m tests.emulators.pubsub.throughput` measures the speed."""
    result = measure(MESSAGES)
    assert result.distinct == MESSAGES
    assert result.received < 1.05 * MESSAGES


def test_a_retained_message_takes_hardly_more_memory_than_its_bytes() -> None:
    forgetful, retaining = "projects/p/topics/forgetful", "projects/p/topics/retaining"
    with running() as emulator, emulator.publisher() as publisher:
        publisher.create_topic(name=forgetful)
        publisher.create_topic(request={"name": retaining, "message_retention_duration": timedelta(days=7)})
        publish(publisher, forgetful)  # what publishing itself takes
        before = proc.memory(emulator.process.pid)
        publish(publisher, retaining)
        assert proc.memory(emulator.process.pid) - before < 2 * MESSAGES * BYTES


def publish(publisher: PublisherClient, topic: str) -> None:
    for future in [publisher.publish(topic, CONTENT, **ATTRIBUTES) for _ in range(MESSAGES)]:
        future.result()
