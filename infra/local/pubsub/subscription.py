"""A subscription: its configuration, its filter and its backlog."""

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.pubsub.backlog import Backlog, Forward
from infra.local.pubsub.filters import parse
from infra.local.pubsub.journal import Journal
from infra.local.pubsub.message import Message
from infra.local.pubsub.policy import Policy
from infra.local.status_errors import FailedPrecondition


class Subscription:
    """A subscription.

    Attributes:
        config: Its configuration for clients, including defaults.
        backlog: Its messages.
        last_used: When it was last pulled, pushed, acknowledged or configured, in seconds since the epoch.
        deleted: Whether it is deleted, so that open streams must end.
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
        """Return whether a message matches its filter."""
        return not self.config.filter or self._matches(message.parse().attributes)

    def configure(self, config: pb.Subscription, now: float) -> None:
        """Replace its configuration by another complete one."""
        self.config = config
        self.backlog.policy = Policy.of(config)
        self.last_used = now
        self.backlog.wake()

    def check_pullable(self) -> None:
        """Check that it serves pulls, as production does.

        Raises:
            FailedPrecondition: it is detached or a push subscription.
        """
        if self.config.detached:
            raise FailedPrecondition(f"The subscription is detached from its topic (resource={self.name}).")
        if self.config.push_config.push_endpoint:
            raise FailedPrecondition("This method is not supported for this subscription type.")

    def has_expired(self, now: float) -> bool:
        """Return whether it has been unused for longer than its expiration policy allows."""
        ttl = self.config.expiration_policy.ttl
        return ttl.seconds > 0 and now - self.last_used > ttl.seconds
