"""The messages of a subscription with the same ordering key.

They are delivered in order and, while some are outstanding, to the same consumer. If one fails, it and all
later ones are delivered again, even those that were acknowledged in the meantime.
Source: https://cloud.google.com/pubsub/docs/ordering
"""

from collections import deque

from infra.local.pubsub.leases import Consumer, Delivery, State


class Lane:
    """The messages of a subscription with the same ordering key.

    Attributes:
        waiting: The messages to deliver, for the first time or again, in order.
        window: The delivered messages, beginning with the first that is not acknowledged, in order.
        owner: The consumer that receives the next messages while the window is not empty.
        resume_at: The time before which nothing is delivered, in seconds since the epoch; 0 without backoff.
        listed: The queue that contains the lane, if any.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.waiting: deque[Delivery] = deque()
        self.window: deque[Delivery] = deque()
        self.owner: Consumer | None = None
        self.resume_at = 0.0
        self.listed: deque[Delivery | Lane] | None = None

    def next(self) -> Delivery | None:
        """Move the next message to deliver into the window, and return it; None if there is none."""
        while self.waiting:
            delivery = self.waiting.popleft()
            if delivery.state is State.WAITING:
                self.window.append(delivery)
                return delivery
        return None

    def rewind(self, failed: Delivery) -> list[Delivery]:
        """Move a failed message and all later ones from the window back to `waiting`, and return them."""
        again: list[Delivery] = []
        while not again or again[-1] is not failed:
            again.append(self.window.pop())
        self.waiting.extendleft(again)
        return again

    def settled(self) -> list[Delivery]:
        """Remove from the window and return what is acknowledged or dropped, up to the first that is not.

        Also remove dropped messages from `waiting`; they are the oldest.
        """
        done = []
        while self.window and self.window[0].state in {State.ACKED, State.DROPPED}:
            done.append(self.window.popleft())
        if not self.window:
            self.owner = None
        while self.waiting and self.waiting[0].state is State.DROPPED:
            self.waiting.popleft()
        return done
