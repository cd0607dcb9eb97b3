"""A subscription: its configuration, its filter and its backlog."""

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.pubsub.backlog import Backlog, Forward
from infra.local.pubsub.filters import parse
from infra.local.pubsub.journal import Journal
from infra.local.pubsub.message import Message
from infra.local.pubsub.policy import Policy
from infra.local.refusals import FailedPrecondition


class Subscription:
    """A subscription.

    Attributes:
        config: As clients see it, defaults filled in.
        backlog: Its messages.
        last_used: When somebody last took from it or acknowledged, in seconds since the epoch.
        deleted: It is gone, and open streams are to end.
    """

    def __init__(self, config: pb.Subscription, journal: Journal, forward: Forward, now: float) -> None:
        self.name = config.name
        self.config = config
        self.backlog = Backlog(config.name, Policy.of(config), journal, forward)
        self.last_used = now
        self.deleted = False
        self._matches = parse(config.filter)

    @property
    def pushes(self) -> bool:
        """Whether its messages go to an HTTP endpoint."""
        return bool(self.config.push_config.push_endpoint) and not (self.deleted or self.config.detached)

    def wants(self, message: Message) -> bool:
        """Whether its filter lets the message through."""
        return self._matches(message.proto.attributes)

    def configure(self, config: pb.Subscription, now: float) -> None:
        """Take a new, complete configuration."""
        self.config = config
        self.backlog.policy = Policy.of(config)
        self.last_used = now
        self.backlog.wake()

    def check_pullable(self) -> None:
        """Refuse to serve pulls where production does.

        Raises:
            FailedPrecondition: it is detached or pushes.
        """
        if self.config.detached:
            raise FailedPrecondition(f"The subscription is detached from its topic (resource={self.name}).")
        if self.config.push_config.push_endpoint:
            raise FailedPrecondition("This method is not supported for this subscription type.")

    def has_expired(self, now: float) -> bool:
        """Whether nobody used it for as long as its expiration policy says."""
        ttl = self.config.expiration_policy.ttl
        return ttl.seconds > 0 and now - self.last_used > ttl.seconds
