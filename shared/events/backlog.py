"""Publishing what has waited: the events of an ordering key, in order, however some of them fail."""

from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import grpc

from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.events.publisher import Publisher, pubsub_message
from shared.pb.inventory.v1.records_pb2 import OutboxEntry

# A Publish request has at most 1,000 messages and 10 MB: https://cloud.google.com/pubsub/quotas#resource_limits
MESSAGES = 1000
BYTES = 9_000_000
# Longer than on the path of an answer: here are large batches, and nobody waits.
SECONDS = 10.0

# What no repetition changes: the request is at fault, or its topic.
_REFUSALS = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)


@dataclass(frozen=True, kw_only=True)
class WaitingEvent:
    """An event that was left in the outbox.

    Attributes:
        document: where it waits: the full name.
        committed_at: when it was committed.
        entry: the event, addressed.
    """

    document: str
    committed_at: datetime
    entry: OutboxEntry


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of some events: they are published, unless there is a reason why they never will be."""

    events: Sequence[WaitingEvent]
    refusal: str | None = None


async def publish_in_order(
    publisher: Publisher, topic: str, events: Sequence[WaitingEvent], deadline: Deadline
) -> AsyncIterator[Outcome]:
    """Publish events of one topic and ordering key in large batches, one after the other.

    A batch that is refused is halved until it is clear whose fault that is; the others go out.

    Raises:
        Unavailable: Pub/Sub does not take the rest now.
    """
    batches = deque(_batches(events))
    while batches:
        batch = batches.popleft()
        try:
            messages = [pubsub_message(event.entry, event.committed_at) for event in batch]
            await publisher.send(topic, messages, timeout=min(deadline.timeout(), SECONDS))
        except grpc.aio.AioRpcError as error:
            if error.code() not in _REFUSALS:
                raise Unavailable from error
            if len(batch) == 1 or error.code() is grpc.StatusCode.NOT_FOUND:
                yield Outcome(events=batch, refusal=error.details() or error.code().name)
            else:
                middle = len(batch) // 2
                batches.extendleft([batch[middle:], batch[:middle]])
        else:
            yield Outcome(events=batch)


def _batches(events: Sequence[WaitingEvent]) -> Iterator[list[WaitingEvent]]:
    batch: list[WaitingEvent] = []
    size = 0
    for event in events:
        length = event.entry.ByteSize()
        if batch and (len(batch) == MESSAGES or size + length > BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    yield batch
