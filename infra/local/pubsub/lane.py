"""An ordering key's messages within a subscription.

They are delivered in order and, while some are outstanding, to one consumer. When one of them fails, it
and all later ones come again, also those that were acknowledged meanwhile.
Source: https://cloud.google.com/pubsub/docs/ordering
"""

from collections import deque

from infra.local.pubsub.leases import Consumer, Delivery, State


class Lane:
    """An ordering key's messages within a subscription.

    Attributes:
        waiting: Not delivered yet, or to be delivered again, in order.
        window: Delivered, from the first that is not acknowledged on, in order.
        owner: Who gets the next ones while the window is not empty.
        resume_at: Nothing is delivered before this time, in seconds since the epoch; 0: no pause.
        listed: The queue in which it waits for its turn, if any.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.waiting: deque[Delivery] = deque()
        self.window: deque[Delivery] = deque()
        self.owner: Consumer | None = None
        self.resume_at = 0.0
        self.listed: deque[Delivery | Lane] | None = None

    def next(self) -> Delivery | None:
        """Move the next message to deliver into the window."""
        while self.waiting:
            delivery = self.waiting.popleft()
            if delivery.state is State.WAITING:
                self.window.append(delivery)
                return delivery
        return None

    def rewind(self, failed: Delivery) -> list[Delivery]:
        """Take a failed message and all later ones out of the window, to be delivered again."""
        again: list[Delivery] = []
        while not again or again[-1] is not failed:
            again.append(self.window.pop())
        self.waiting.extendleft(again)
        return again

    def settled(self) -> list[Delivery]:
        """Take out of the window what is done, up to the first message that is not.

        What waits and was dropped goes too: it is the oldest.
        """
        done = []
        while self.window and self.window[0].state in {State.ACKED, State.DROPPED}:
            done.append(self.window.popleft())
        if not self.window:
            self.owner = None
        while self.waiting and self.waiting[0].state is State.DROPPED:
            self.waiting.popleft()
        return done
