"""The relay: what waits in the outbox is published, in order per key, and dropped."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared import logs
from shared.bootstrap import Inventory
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.domain.events import WaitingEvent
from shared.events.backlog import publish_in_order
from shared.pb.inventory.v1.records_pb2 import OutboxEntry
from shared.store.codec import DecodeError, decode
from shared.store.wire import Document

# By then the request that committed an event has published and dropped it, or never will. It is longer than a
# request may take: until its deadline one may look for its event, to learn whether its commit went through.
AGE = timedelta(seconds=10)
# Shorter than the pause between two calls of the schedule.
SECONDS = 50.0
# So many events are held and put in order at once; a longer backlog is published in such parts.
PART = 20_000


async def relay(inventory: Inventory) -> None:
    """Publish every event that is old enough, then drop it.

    Several relays at once, or one that is killed, publish some events more than once: subscribers drop the
    repeats by their `ce-id`. An event that can never be published is reported and stays where it is: each
    call reports it again until somebody has mended the cause or deleted it.

    Raises:
        Unavailable: Pub/Sub or Firestore does not take everything now; the next call goes on.
    """
    run = _Run(inventory, Deadline(SECONDS), inventory.clock())
    try:
        async for documents in inventory.outbox.waiting(PART, run.deadline):
            await run.publish([document for document in documents if run.is_old(document)])
    except Unavailable as error:
        run.failure = error
    run.report()
    if run.failure is not None:
        raise run.failure


@dataclass
class _Run:
    """One call of the relay, and its figures."""

    inventory: Inventory
    deadline: Deadline
    now: datetime
    backlog: int = 0
    published: int = 0
    refused: int = 0
    oldest_seconds: float = 0.0
    failure: Unavailable | None = None

    def is_old(self, document: Document) -> bool:
        """Tell whether nobody else will publish an event any more."""
        return self.now - _committed_at(document) >= AGE

    async def publish(self, documents: Iterable[Document]) -> None:
        """Publish events topic by topic; one topic that fails does not stop the others."""
        by_topic = defaultdict(list)
        for event in self._events(documents):
            by_topic[event.entry.topic].append(event)
        for topic, events in by_topic.items():
            try:
                await self._publish(topic, sorted(events, key=lambda event: event.committed_at))
            except Unavailable as error:
                self.failure = error

    def report(self) -> None:
        """Log the figures: metrics of the log are made of them."""
        fields = {
            "backlog": self.backlog,
            "oldest_seconds": round(self.oldest_seconds, 3),
            "published": self.published,
            "refused": self.refused,
            "complete": self.failure is None,
        }
        severity = logging.INFO if self.failure is None else logging.WARNING
        logs.log(
            severity, f"outbox: {self.published} of {self.backlog} published", fields, error=self.failure
        )

    def _events(self, documents: Iterable[Document]) -> Iterable[WaitingEvent]:
        for document in documents:
            committed_at = _committed_at(document)
            self.backlog += 1
            self.oldest_seconds = max(self.oldest_seconds, (self.now - committed_at).total_seconds())
            try:
                entry = decode(document.fields, OutboxEntry)
            except DecodeError as error:
                self._refuse([document.name], str(error))
            else:
                yield WaitingEvent(document=document.name, committed_at=committed_at, entry=entry)

    async def _publish(self, topic: str, events: list[WaitingEvent]) -> None:
        async for outcome in publish_in_order(self.inventory.publisher, topic, events, self.deadline):
            names = [event.document for event in outcome.events]
            if outcome.refusal is None:
                self.published += len(names)
                await self.inventory.outbox.remove(names, self.deadline)
            else:
                self._refuse(names, outcome.refusal)

    def _refuse(self, names: list[str], reason: str) -> None:
        self.refused += len(names)
        logs.log(logging.ERROR, "events that cannot be published", {"documents": names, "reason": reason})


def _committed_at(document: Document) -> datetime:
    return document.create_time.ToDatetime(UTC)
