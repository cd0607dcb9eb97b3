"""A topic: its configuration, its subscriptions and its retained messages."""

from collections import deque
from typing import TYPE_CHECKING

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.pubsub.journal import Journal
from infra.local.pubsub.message import Message

if TYPE_CHECKING:
    from infra.local.pubsub.subscription import Subscription


class Topic:
    """A topic.

    Attributes:
        config: Its configuration for clients.
        subscriptions: The attached subscriptions, by name.
        retained: Its retained messages, oldest first.
    """

    def __init__(self, config: pb.Topic, journal: Journal) -> None:
        self.name = config.name
        self.config = config
        self.subscriptions: dict[str, Subscription] = {}
        self.retained: deque[Message] = deque()
        self._journal = journal

    @property
    def retention(self) -> float:
        """How many seconds it retains messages; 0 if it does not."""
        return self.config.message_retention_duration.ToTimedelta().total_seconds()

    @property
    def retains(self) -> bool:
        """Whether it retains new messages, so that subscriptions can seek to them later."""
        return self.config.HasField("message_retention_duration")

    def add(self, message: Message) -> None:
        """Add a new message to the subscriptions whose filters it matches, and retain it if configured."""
        message.hold()  # until all holders have it
        if self.retains:
            self.keep(message)
        for subscription in self.subscriptions.values():
            if subscription.wants(message):
                subscription.backlog.offer(message)
        message.release(self._journal)

    def keep(self, message: Message) -> None:
        """Retain a message, which must be later than all retained ones."""
        message.hold()
        self.retained.append(message)

    def retained_at(self, now: float) -> list[Message]:
        """Return the messages that it retains at a time, oldest first; drop older ones."""
        self.expire(now)
        return list(self.retained)

    def expire(self, now: float) -> None:
        """Drop the retained messages that are older than the retention."""
        cutoff = now - self.retention
        while self.retained and self.retained[0].published < cutoff:
            self._let_go(self.retained.popleft())

    def clear(self) -> None:
        """Drop all retained messages, because the topic is deleted; a new one with its name has none."""
        while self.retained:
            self._let_go(self.retained.popleft())

    def _let_go(self, message: Message) -> None:
        self._journal.end_retention(message.sequence)
        message.release(self._journal)
