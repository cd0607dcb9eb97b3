"""Publishes waiting events of an ordering key, in order, even if some of them fail."""

from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import grpc

from shared.domain.attempts import Attempts
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.events.publisher import Publisher, pubsub_message
from shared.pb.inventory.v1.records_pb2 import OutboxEntry

# A Publish request has at most 1,000 messages and 10 MB: https://cloud.google.com/pubsub/quotas#resource_limits
MAX_MESSAGES = 1000
MAX_BYTES = 9_000_000
# The time of a batch, with its retries. Longer than in a request, because these batches are large and no
# client waits.
SECONDS = 10.0

# Permanent failures, which a retry does not change: the request or its topic is not valid.
_PERMANENT_ERRORS = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)
# Failures that are retried, as in Google's clients. A few of many calls always fail.
_TRANSIENT_ERRORS = (
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.UNKNOWN,
)


@dataclass(frozen=True, kw_only=True)
class WaitingEvent:
    """An event that was left in the outbox.

    Attributes:
        document: the full name of the outbox document.
        committed_at: the commit time.
        entry: the event.
    """

    document: str
    committed_at: datetime
    entry: OutboxEntry


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result for some events: they are published, or permanently rejected for a reason."""

    events: Sequence[WaitingEvent]
    rejection: str | None = None


async def publish_in_order(
    publisher: Publisher, topic: str, events: Sequence[WaitingEvent], deadline: Deadline
) -> AsyncIterator[Outcome]:
    """Publish events of one topic and ordering key in large batches, one after another.

    A permanently rejected batch is halved until the rejected events are found; the others are published. If
    the topic does not exist, a batch is not halved.

    Raises:
        Unavailable: Pub/Sub does not accept the remaining events now.
    """
    batches = deque(_batches(events))
    while batches:
        batch = batches.popleft()
        try:
            await _send(publisher, topic, batch, Deadline(min(deadline.timeout(), SECONDS)))
        except grpc.aio.AioRpcError as error:
            if error.code() not in _PERMANENT_ERRORS:
                raise Unavailable from error
            if len(batch) == 1 or error.code() is grpc.StatusCode.NOT_FOUND:
                yield Outcome(events=batch, rejection=error.details() or error.code().name)
            else:
                middle = len(batch) // 2
                batches.extendleft([batch[middle:], batch[:middle]])
        else:
            yield Outcome(events=batch)


async def _send(publisher: Publisher, topic: str, batch: Sequence[WaitingEvent], deadline: Deadline) -> None:
    """Publish a batch, again and again if it fails for a reason that can pass."""
    messages = [pubsub_message(event.entry, event.committed_at) for event in batch]
    failure: grpc.aio.AioRpcError | None = None
    try:
        async for _ in Attempts(deadline):
            try:
                return await publisher.send(topic, messages, timeout=deadline.left)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _TRANSIENT_ERRORS:
                    raise
                failure = error
        raise Unavailable from failure
    finally:
        del failure  # breaks the reference cycle with its traceback, which includes this frame


def _batches(events: Sequence[WaitingEvent]) -> Iterator[list[WaitingEvent]]:
    batch: list[WaitingEvent] = []
    size = 0
    for event in events:
        length = event.entry.ByteSize()
        if batch and (len(batch) == MAX_MESSAGES or size + length > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    yield batch
