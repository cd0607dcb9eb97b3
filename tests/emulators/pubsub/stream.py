"""A StreamingPull as single requests and responses."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager

from google.cloud.pubsub_v1 import SubscriberClient
from google.pubsub_v1.types import ReceivedMessage, StreamingPullRequest, StreamingPullResponse

FIRST = {"stream_ack_deadline_seconds": 10}


class Stream:
    """An open stream."""

    def __init__(self, subscriber: SubscriberClient, **first: object) -> None:
        self._requests: queue.Queue[StreamingPullRequest | None] = queue.Queue()
        self.send(**first)
        self._responses = subscriber.streaming_pull(requests=iter(self._requests.get, None))

    def send(self, **request: object) -> None:
        self._requests.put(StreamingPullRequest(request))

    def response(self) -> StreamingPullResponse:
        response: StreamingPullResponse = next(self._responses)
        return response

    def receive(self, count: int) -> list[ReceivedMessage]:
        received: list[ReceivedMessage] = []
        while len(received) < count:
            received += self.response().received_messages
        return received

    def finish(self) -> None:
        self._requests.put(None)

    def cancel(self) -> None:
        self.finish()
        self._responses.cancel()


@contextmanager
def stream(subscriber: SubscriberClient, subscription: str, **flow_control: int) -> Iterator[Stream]:
    with opening(subscriber, **{**FIRST, "subscription": subscription, **flow_control}) as opened:
        yield opened


@contextmanager
def opening(subscriber: SubscriberClient, **first: object) -> Iterator[Stream]:
    opened = Stream(subscriber, **first)
    try:
        yield opened
    finally:
        opened.cancel()
