"""A consumer of a subscription: the common part of Pull and StreamingPull."""

from collections.abc import Collection, Iterable, Sequence
from typing import Self

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.counters import Counters
from infra.local.projects import project_of
from infra.local.pubsub.ack_ids import check_ack_ids
from infra.local.pubsub.clock import Clock
from infra.local.pubsub.errors import ResourceNotFound
from infra.local.pubsub.leases import Consumer, Lease
from infra.local.pubsub.settings import MAX_ACK_DEADLINE
from infra.local.pubsub.subscription import Subscription
from infra.local.status_errors import InvalidArgument


class Session:
    """A consumer of a subscription. As a context manager, it is notified when there may be messages."""

    def __init__(
        self, subscription: Subscription, consumer: Consumer, clock: Clock, counters: Counters
    ) -> None:
        self._subscription = subscription
        self._consumer = consumer
        self._clock = clock
        self._counters = counters
        self._project = project_of(subscription.name)

    def __enter__(self) -> Self:
        self._subscription.backlog.attach(self._consumer)
        return self

    def __exit__(self, *_: object) -> None:
        self._subscription.backlog.detach(self._consumer)

    @property
    def ordered(self) -> bool:
        """Whether the subscription delivers messages with the same ordering key in order."""
        return self._subscription.config.enable_message_ordering

    async def ready(self) -> None:
        """Wait until there may be messages to take."""
        await self._consumer.ready.wait()

    def take(self, limit: int) -> list[Lease]:
        """Lease the available messages, up to a limit.

        Raises:
            ResourceNotFound: the subscription is deleted.
            FailedPrecondition: it is detached or a push subscription.
        """
        if self._subscription.deleted:
            raise ResourceNotFound(self._subscription.name)
        self._subscription.check_pullable()
        self._consumer.ready.clear()
        self._touch()
        leases = self._subscription.backlog.take(self._consumer, limit, self._clock())
        if leases:
            self._counters.add(self._project, "delivered", len(leases))
        return leases

    def received(self, leases: Iterable[Lease]) -> list[pb.ReceivedMessage]:
        """Return leased messages in the form for subscribers."""
        # Delivery attempts are included only with a dead letter policy, as in production.
        counts_attempts = self._subscription.config.HasField("dead_letter_policy")
        return [
            pb.ReceivedMessage(
                ack_id=lease.ack_id,
                message=lease.delivery.message.parse(),
                delivery_attempt=lease.delivery.failures + 1 if counts_attempts else 0,
            )
            for lease in leases
        ]

    def acknowledge(self, ack_ids: Collection[str]) -> None:
        """Acknowledge messages.

        Raises:
            InvalidArgument: there are no ids, or one is malformed.
        """
        check_ack_ids(ack_ids)
        self._touch()
        self._counters.add(self._project, "acked", self._subscription.backlog.acknowledge(ack_ids))

    def modify_deadlines(self, ack_ids: Sequence[str], seconds: Sequence[int]) -> None:
        """Set each lease's deadline to a number of seconds from now; 0 is a nack.

        Raises:
            InvalidArgument: there are no ids, or one is malformed; a number is negative or above 600, or
                there are more or fewer numbers than ids.
        """
        check_ack_ids(ack_ids)
        if len(ack_ids) != len(seconds):
            raise InvalidArgument("Each ack id needs one deadline, and each deadline one ack id.")
        if any(not 0 <= number <= MAX_ACK_DEADLINE for number in seconds):
            raise InvalidArgument(f"Ack deadlines must be from 0 to {MAX_ACK_DEADLINE} seconds.")
        self._touch()
        now = self._clock()
        for ack_id, number in zip(ack_ids, seconds, strict=True):
            self._subscription.backlog.modify_deadline(ack_id, number, now)

    def set_ack_deadline(self, seconds: int) -> None:
        """Set the ack deadline, in seconds, of messages that are taken from now on."""
        self._consumer.ack_deadline = seconds

    def _touch(self) -> None:
        self._subscription.last_used = self._clock()
