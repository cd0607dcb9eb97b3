"""A topic: its configuration, its subscriptions and the messages it retains itself."""

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
        config: As clients see it.
        subscriptions: Those attached to it, by name.
        retained: Its messages of the last `message_retention_duration`, oldest first.
    """

    def __init__(self, config: pb.Topic, journal: Journal) -> None:
        self.name = config.name
        self.config = config
        self.subscriptions: dict[str, Subscription] = {}
        self.retained: deque[Message] = deque()
        self._journal = journal

    @property
    def retention(self) -> float:
        """For how many seconds it retains messages; 0: not at all."""
        return self.config.message_retention_duration.ToTimedelta().total_seconds()

    @property
    def retains(self) -> bool:
        """Whether it retains what is published now, so that subscriptions can seek back to it."""
        return self.config.HasField("message_retention_duration")

    def add(self, message: Message) -> None:
        """Give a new message to the subscriptions that want it, and retain it if the topic does that."""
        message.hold()  # until everybody has it
        if self.retains:
            self.keep(message)
        for subscription in self.subscriptions.values():
            if subscription.wants(message):
                subscription.backlog.offer(message)
        message.release(self._journal)

    def keep(self, message: Message) -> None:
        """Retain a message, the latest of all that it retains."""
        message.hold()
        self.retained.append(message)

    def retained_at(self, now: float) -> list[Message]:
        """Return what it retains now, oldest first."""
        self.expire(now)
        return list(self.retained)

    def expire(self, now: float) -> None:
        """Forget the retained messages that are older than the retention."""
        cutoff = now - self.retention
        while self.retained and self.retained[0].published < cutoff:
            self._let_go(self.retained.popleft())

    def clear(self) -> None:
        """Forget all retained messages: the topic is deleted, and a later one of its name has none."""
        while self.retained:
            self._let_go(self.retained.popleft())

    def _let_go(self, message: Message) -> None:
        self._journal.end_retention(message.sequence)
        message.release(self._journal)
