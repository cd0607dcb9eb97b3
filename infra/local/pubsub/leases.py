"""Leases of messages to consumers, with their deadlines."""

import asyncio
import heapq
from collections import deque
from collections.abc import Iterator
from enum import Enum, auto
from typing import TYPE_CHECKING

from infra.local.pubsub.message import Message

if TYPE_CHECKING:
    from infra.local.pubsub.lane import Lane

_SLOTS_PER_SECOND = 10


class State(Enum):
    """The state of a delivery."""

    WAITING = auto()
    LEASED = auto()
    ACKED = auto()
    DROPPED = auto()


class Delivery:
    """A message in one subscription.

    Attributes:
        failures: How often it was nacked or its deadline passed.
        lane: The lane of its ordering key; None without a key, or if the subscription is not ordered.
    """

    __slots__ = ("failures", "lane", "lease", "message", "state")

    def __init__(self, message: Message, lane: "Lane | None") -> None:
        self.message = message
        self.lane = lane
        self.failures = 0
        self.state = State.WAITING
        self.lease: Lease | None = None


class Consumer:
    """A consumer of messages: an open stream, a pull or a push request.

    Attributes:
        ready: Set when there may be messages to take.
        lanes: The lanes from which only this consumer may receive the next messages.
        max_messages: The limit of outstanding messages; no limit if it is not positive.
        max_bytes: The same in bytes.
        ack_deadline: The ack deadline of its messages, in seconds; None for the subscription's.
    """

    def __init__(
        self, *, max_messages: int = 0, max_bytes: int = 0, ack_deadline: float | None = None
    ) -> None:
        self.ready = asyncio.Event()
        self.ready.set()
        self.lanes: deque[Delivery | Lane] = deque()
        self.max_messages = max_messages
        self.max_bytes = max_bytes
        self.ack_deadline = ack_deadline
        self.messages = 0
        self.bytes = 0

    def has_room(self) -> bool:
        """Return whether flow control allows another message."""
        return (self.max_messages <= 0 or self.messages < self.max_messages) and (
            self.max_bytes <= 0 or self.bytes < self.max_bytes
        )

    def hold(self, size: int) -> None:
        """Count another outstanding message."""
        self.messages += 1
        self.bytes += size

    def release(self, size: int) -> None:
        """Count one outstanding message less."""
        had_room = self.has_room()
        self.messages -= 1
        self.bytes -= size
        if not had_room:
            self.ready.set()


class Lease:
    """A consumer's right to a message until a deadline, in seconds since the epoch."""

    __slots__ = ("ack_id", "consumer", "deadline", "delivery", "slot")

    def __init__(self, ack_id: str, delivery: Delivery, consumer: Consumer, deadline: float) -> None:
        self.ack_id = ack_id
        self.delivery = delivery
        self.consumer = consumer
        self.deadline = deadline
        self.slot = 0


class Deadlines:
    """Leases by the tenth of a second in which they end, which makes adding and removing cheap."""

    def __init__(self) -> None:
        self._slots: dict[int, dict[Lease, None]] = {}
        self._order: list[int] = []

    def add(self, lease: Lease) -> None:
        """Add a lease."""
        lease.slot = int(lease.deadline * _SLOTS_PER_SECOND)
        slot = self._slots.get(lease.slot)
        if slot is None:
            slot = self._slots[lease.slot] = {}
            heapq.heappush(self._order, lease.slot)
        slot[lease] = None

    def remove(self, lease: Lease) -> None:
        """Remove a lease."""
        del self._slots[lease.slot][lease]

    def expired(self, now: float) -> Iterator[Lease]:
        """Yield the leases whose tenth of a second has passed, earliest first; the caller removes each."""
        while self._order and self._order[0] < int(now * _SLOTS_PER_SECOND):
            slot = self._slots[self._order[0]]
            for lease in list(slot):
                if lease in slot:  # an earlier one can have ended it too
                    yield lease
            del self._slots[heapq.heappop(self._order)]
