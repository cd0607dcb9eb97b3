import os

from tests.emulators.pubsub.throughput import measure

MESSAGES = int(os.environ.get("EMULATOR_MESSAGES", "5000"))


def test_a_stream_of_messages_loses_nothing() -> None:
    """`python -m tests.emulators.pubsub.throughput` measures the speed."""
    result = measure(MESSAGES)
    assert result.distinct == MESSAGES
    assert result.received < 1.05 * MESSAGES
