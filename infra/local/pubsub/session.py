"""A consumer at a subscription: what Pull and StreamingPull have in common."""

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
from infra.local.refusals import InvalidArgument


class Session:
    """A consumer at a subscription. Within its context it is told when there is something to take."""

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
        """Whether the subscription keeps the order of each key."""
        return self._subscription.config.enable_message_ordering

    async def ready(self) -> None:
        """Return when there may be something to take."""
        await self._consumer.ready.wait()

    def take(self, limit: int) -> list[Lease]:
        """Lease messages, as many as there are up to a limit.

        Raises:
            ResourceNotFound: the subscription is deleted.
            FailedPrecondition: it is detached or pushes.
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
        """Return leased messages as subscribers receive them."""
        # They see delivery attempts with a dead letter policy alone, as in production.
        counts_attempts = self._subscription.config.HasField("dead_letter_policy")
        return [
            pb.ReceivedMessage(
                ack_id=lease.ack_id,
                message=lease.delivery.message.proto,
                delivery_attempt=lease.delivery.failures + 1 if counts_attempts else 0,
            )
            for lease in leases
        ]

    def acknowledge(self, ack_ids: Collection[str]) -> None:
        """Settle messages.

        Raises:
            InvalidArgument: there are no ids, or one is malformed.
        """
        check_ack_ids(ack_ids)
        self._touch()
        self._counters.add(self._project, "acked", self._subscription.backlog.acknowledge(ack_ids))

    def modify_deadlines(self, ack_ids: Sequence[str], seconds: Sequence[int]) -> None:
        """Set each lease's deadline to a number of seconds from now; 0 is a nack.

        Raises:
            InvalidArgument: there are no ids, or one is malformed; a number is negative or above 600, or not
                each id has one.
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
        """Give the messages that are taken from now on that many seconds."""
        self._consumer.ack_deadline = seconds

    def _touch(self) -> None:
        self._subscription.last_used = self._clock()
