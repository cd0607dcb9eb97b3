"""The messages that subscribers of `pool-changed` receive."""

import queue
from dataclasses import dataclass
from datetime import datetime

from google.cloud.pubsub_v1.subscriber.message import Message

from shared.pb.inventory.v1.events_pb2 import PoolChange, PoolChanged
from tests.event_log import TIMEOUT


@dataclass(frozen=True)
class Inbox:
    """The messages of a subscription, one at a time."""

    messages: queue.Queue[Message]

    def next(self) -> tuple[str, PoolChanged]:
        """Wait for an event, and return its kind, as in filters, and its payload."""
        message = self.messages.get(timeout=TIMEOUT)
        event = PoolChanged.FromString(message.data)
        kind = message.attributes["change"]
        assert PoolChange.Value(f"POOL_CHANGE_{kind.upper()}") == event.change
        assert event.pool.id == message.ordering_key
        return kind, event

    def kinds_by_time(self, count: int) -> list[str]:
        """Wait for a number of events, and return their kinds in the order of their commits."""
        messages = [self.messages.get(timeout=TIMEOUT) for _ in range(count)]
        messages.sort(key=lambda message: datetime.fromisoformat(message.attributes["ce-time"]))
        return [message.attributes["change"] for message in messages]

    def next_several(self, count: int) -> list[tuple[str, PoolChanged]]:
        """Wait for a number of events, and return their kinds and payloads."""
        return [self.next() for _ in range(count)]
