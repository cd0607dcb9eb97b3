"""The messages of a subscription: waiting, leased, and acknowledged but retained."""

import heapq
import itertools
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable

from infra.local.pubsub.ack_ids import new_ack_id
from infra.local.pubsub.journal import Journal
from infra.local.pubsub.lane import Lane
from infra.local.pubsub.leases import Consumer, Deadlines, Delivery, Lease, State
from infra.local.pubsub.message import Message
from infra.local.pubsub.policy import Policy

_MAX_BATCH_BYTES = 1_000_000

Forward = Callable[[Message, int], bool]


class Backlog:
    """The messages of one subscription.

    Every method runs on the event loop without interruption, so locks are not needed. Times are in seconds
    since the epoch, and the caller passes the current time.
    """

    def __init__(self, name: str, policy: Policy, journal: Journal, forward: Forward) -> None:
        """Start empty.

        Args:
            name: The subscription's name.
            policy: How to deliver messages; may be replaced at any time.
            journal: Records the changes.
            forward: Publishes a message with its number of failed deliveries to the dead letter topic;
                returns whether the topic exists.
        """
        self.policy = policy
        self._name = name
        self._journal = journal
        self._forward = forward
        # Not a dict, which skips all deleted entries before its first entry to find that, in each `take`.
        self._deliveries: OrderedDict[int, Delivery] = OrderedDict()
        self._lanes: dict[str, Lane] = {}
        self._ready: deque[Delivery | Lane] = deque()
        self._delayed: list[tuple[float, int, Delivery | Lane]] = []
        self._delays = itertools.count()  # the order of items with the same time
        self._leases: dict[str, Lease] = {}
        self._deadlines = Deadlines()
        self._consumers: set[Consumer] = set()

    # Consumers

    def attach(self, consumer: Consumer) -> None:
        """Notify a consumer from now on when there may be messages to take."""
        self._consumers.add(consumer)

    def detach(self, consumer: Consumer) -> None:
        """Stop notifying a consumer. It keeps its leases until their deadlines."""
        self._consumers.discard(consumer)

    def wake(self) -> None:
        """Notify all consumers that there may be messages to take, or that the subscription has changed."""
        for consumer in self._consumers:
            consumer.ready.set()

    # Messages

    def offer(self, message: Message) -> None:
        """Add a new message."""
        delivery = self._add(message)
        self._note(delivery)
        self._enqueue(delivery)

    def restore(self, message: Message, *, acked: bool, failures: int) -> None:
        """Add a message with its state from the journal."""
        delivery = self._add(message)
        delivery.failures = failures
        if acked:
            delivery.state = State.ACKED
        else:
            self._enqueue(delivery)

    def take(self, consumer: Consumer, limit: int, now: float) -> list[Lease]:
        """Lease up to `limit` messages to a consumer, within its flow control."""
        self.expire(now)
        taken: list[Lease] = []
        size = 0
        while len(taken) < limit and size < _MAX_BATCH_BYTES and consumer.has_room():
            queue = consumer.lanes or self._ready
            if not queue:
                break
            delivery = self._next(queue, consumer)
            if delivery is not None:
                taken.append(self._lease(delivery, consumer, now))
                size += delivery.message.size
        return taken

    def acknowledge(self, ack_ids: Iterable[str]) -> int:
        """Acknowledge messages and return how many; ignore unknown and expired ids, as in production."""
        count = 0
        for ack_id in ack_ids:
            lease = self._leases.get(ack_id)
            if lease is not None:
                self._end(lease, State.ACKED)
                self._settle(lease.delivery)
                count += 1
        return count

    def modify_deadline(self, ack_id: str, seconds: float, now: float) -> None:
        """Set a lease's deadline to some seconds from now; with 0, deliver the message again (nack)."""
        lease = self._leases.get(ack_id)
        if lease is None:
            return
        if seconds > 0:
            self._deadlines.remove(lease)
            lease.deadline = now + seconds
            self._deadlines.add(lease)
        else:
            self._fail(lease, now)

    def tick(self, now: float) -> None:
        """Handle the leases and backoffs that have ended."""
        for lease in self._deadlines.expired(now):
            self._fail(lease, now)
        while self._delayed and self._delayed[0][0] <= now:
            _, _, item = heapq.heappop(self._delayed)
            if isinstance(item, Lane):
                if item.resume_at > now:  # it has failed again in the meantime
                    continue
                item.resume_at = 0.0
            self._list(item)

    def expire(self, now: float) -> None:
        """Drop the messages that are older than the retention."""
        cutoff = now - self.policy.retention
        while self._deliveries:
            delivery = next(iter(self._deliveries.values()))
            if delivery.message.published >= cutoff:
                break
            if delivery.lease is not None:
                self._end(delivery.lease, State.DROPPED)
            self._drop(delivery)
            if delivery.lane is not None:
                self._advance(delivery.lane)
        if len(self._ready) > 2 * len(self._deliveries):
            self._tidy()

    def seek(self, time: float, replay: Iterable[Message]) -> None:
        """Mark messages published before `time` as acknowledged, and all others as not acknowledged.

        Args:
            time: The publish time to seek to.
            replay: The messages, of any time, that the topic retains and that match the subscription.
        """
        for lease in list(self._leases.values()):
            self._end(lease, State.WAITING)
        for message in replay:
            if message.published >= time and message.sequence not in self._deliveries:
                self._note(self._add(message))
        for delivery in list(self._deliveries.values()):
            if delivery.message.published < time:
                delivery.state = State.ACKED
                self._keep_or_drop(delivery)
            elif delivery.state is State.ACKED:
                delivery.state = State.WAITING
                self._note(delivery)
        self._rebuild()

    def clear(self) -> None:
        """Drop all messages, because the subscription is deleted or detached."""
        for lease in list(self._leases.values()):
            self._end(lease, State.WAITING)
        for delivery in list(self._deliveries.values()):
            self._drop(delivery)
        self._rebuild()

    # Delivering

    def _add(self, message: Message) -> Delivery:
        lane = self._lane(message.ordering_key) if self.policy.ordered and message.ordering_key else None
        message.hold()
        delivery = self._deliveries[message.sequence] = Delivery(message, lane)
        return delivery

    def _lane(self, key: str) -> Lane:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key)
        return lane

    def _enqueue(self, delivery: Delivery) -> None:
        if delivery.lane is None:
            self._list(delivery)
        else:
            delivery.lane.waiting.append(delivery)
            self._list(delivery.lane)

    def _list(self, item: Delivery | Lane) -> None:
        """Queue a message or a lane; a lane with an owner goes to the queue of that consumer."""
        if isinstance(item, Delivery):
            self._ready.append(item)
        elif item.waiting and not item.resume_at:
            queue = item.owner.lanes if item.owner else self._ready
            if item.listed is not queue:
                item.listed = queue
                queue.append(item)
        self.wake()

    def _next(self, queue: deque[Delivery | Lane], consumer: Consumer) -> Delivery | None:
        item = queue[0]
        if isinstance(item, Delivery):
            queue.popleft()
            return item if item.state is State.WAITING else None
        if item.listed is not queue:  # it moved to another queue
            queue.popleft()
            return None
        delivery = None if item.resume_at else item.next()
        if delivery is not None:
            item.owner = consumer
        if delivery is None or queue is self._ready or not item.waiting:
            queue.popleft()
            item.listed = None
            self._list(item)
        return delivery

    def _tidy(self) -> None:
        """Remove from the queue what must not be delivered; otherwise, only `take` does that."""
        queued = dict.fromkeys(self._ready)
        self._ready.clear()
        for item in queued:
            if isinstance(item, Delivery):
                if item.state is State.WAITING:
                    self._list(item)
            elif item.listed is self._ready:
                item.listed = None
                self._list(item)

    def _lease(self, delivery: Delivery, consumer: Consumer, now: float) -> Lease:
        seconds = consumer.ack_deadline or self.policy.ack_deadline
        lease = Lease(new_ack_id(), delivery, consumer, now + seconds)
        self._leases[lease.ack_id] = lease
        self._deadlines.add(lease)
        delivery.state = State.LEASED
        delivery.lease = lease
        consumer.hold(delivery.message.size)
        return lease

    def _end(self, lease: Lease, state: State) -> None:
        del self._leases[lease.ack_id]
        self._deadlines.remove(lease)
        lease.delivery.lease = None
        lease.delivery.state = state
        lease.consumer.release(lease.delivery.message.size)

    # The end of a delivery

    def _fail(self, lease: Lease, now: float) -> None:
        """Queue a message for delivery after its backoff, or publish it to the dead letter topic."""
        delivery = lease.delivery
        delivery.failures += 1
        if self._is_exhausted(delivery) and self._forward(delivery.message, delivery.failures):
            self._end(lease, State.ACKED)
            self._settle(delivery)
            return
        self._end(lease, State.WAITING)
        self._note(delivery)
        delay = self.policy.backoff(delivery.failures)
        item = delivery.lane or delivery
        if delivery.lane is not None:
            self._rewind(delivery.lane, delivery, now + delay if delay > 0 else 0.0)
        if delay > 0:
            heapq.heappush(self._delayed, (now + delay, next(self._delays), item))
        else:
            self._list(item)

    def _is_exhausted(self, delivery: Delivery) -> bool:
        return 0 < self.policy.max_attempts <= delivery.failures

    def _rewind(self, lane: Lane, failed: Delivery, resume_at: float) -> None:
        for delivery in lane.rewind(failed):
            if delivery.lease is not None:
                self._end(delivery.lease, State.WAITING)
            if delivery.state is State.ACKED:
                delivery.state = State.WAITING
        lane.resume_at = max(lane.resume_at, resume_at)
        self._advance(lane)

    def _settle(self, delivery: Delivery) -> None:
        """Retain or drop an acknowledged message; in a lane, only once all messages before it are done."""
        if delivery.lane is None:
            self._keep_or_drop(delivery)
        else:
            self._advance(delivery.lane)

    def _advance(self, lane: Lane) -> None:
        for done in lane.settled():
            if done.state is State.ACKED:
                self._keep_or_drop(done)
        if lane.window:
            return
        if lane.waiting:
            self._list(lane)
        elif self._lanes.get(lane.key) is lane:  # retained messages can have an earlier lane
            del self._lanes[lane.key]

    def _keep_or_drop(self, delivery: Delivery) -> None:
        if self.policy.retain_acked:
            self._note(delivery)
        else:
            self._drop(delivery)

    def _drop(self, delivery: Delivery) -> None:
        delivery.state = State.DROPPED
        del self._deliveries[delivery.message.sequence]
        self._journal.remove_delivery(self._name, delivery.message.sequence)
        delivery.message.release(self._journal)

    def _note(self, delivery: Delivery) -> None:
        """Record the state of a delivery in the journal."""
        self._journal.save_delivery(
            self._name,
            delivery.message.sequence,
            acked=delivery.state is State.ACKED,
            failures=delivery.failures,
        )

    def _rebuild(self) -> None:
        """Rebuild the queues with all waiting messages, in order of publication. No message is leased."""
        self._ready.clear()
        self._delayed.clear()
        self._lanes.clear()
        for consumer in self._consumers:
            consumer.lanes.clear()
        self._deliveries = OrderedDict(sorted(self._deliveries.items()))
        for delivery in self._deliveries.values():
            if delivery.lane is not None:
                delivery.lane = self._lane(delivery.lane.key)
            if delivery.state is State.WAITING:
                self._enqueue(delivery)
        self.wake()
