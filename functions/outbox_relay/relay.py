"""The relay: publishes events from the outbox, within a part in order for each key, and deletes them."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from google_apis.firestore.document_pb2 import Document
from shared import logs
from shared.bootstrap import Inventory
from shared.concurrency import run_concurrently
from shared.domain.deadline import REQUEST_SECONDS, Deadline
from shared.domain.errors import Unavailable
from shared.events.backlog import WaitingEvent, publish_in_order
from shared.events.publisher import PUBLISH_SECONDS
from shared.pb.inventory.v1.records_pb2 import OutboxEntry
from shared.store.batches import batches
from shared.store.codec import DecodeError, decode
from shared.store.errors import FAILURES

# At this age, the function that committed an event has published it or never will, and does not look for it.
AGE = timedelta(seconds=REQUEST_SECONDS + PUBLISH_SECONDS)
# Shorter than the interval of the schedule.
SECONDS = 50.0
# About the most events, and bytes, that are in memory and ordered at once; a longer backlog is published in
# such parts. Each event is there as a document, an entry and a message, so a part takes a few times its size.
PART = 20_000
PART_BYTES = 32 * 1024 * 1024
DROPPED_AT_ONCE = 500
# The most documents in a log entry, which can have 256 KiB: https://cloud.google.com/logging/quotas#log-limits
REPORTED_AT_ONCE = 1000
# The time limit of one deletion; the next one includes what is left. The last one can start after `SECONDS`,
# because the function's timeout is some seconds longer.
DROP_SECONDS = 2.0


async def relay(inventory: Inventory) -> None:
    """Publish all events that are old enough, then delete them from the outbox.

    If several relays run concurrently, or one is killed, some events are published more than once, and
    subscribers drop the repeats by their `ce-id`. An event that Pub/Sub rejects permanently stays in the
    outbox. Each call reports it until somebody fixes the cause or deletes it.

    Raises:
        Unavailable: Pub/Sub or Firestore does not accept everything now; the next call continues.
        grpc.aio.AioRpcError: the store rejects a call.
    """
    run = _Run(inventory)
    try:
        async for documents, read_at in inventory.outbox.waiting(
            max_events=PART, max_bytes=PART_BYTES, deadline=run.deadline
        ):
            await run.publish(documents, read_at)
    except Exception:
        if run.backlog:  # otherwise nothing is known, and a zero would look like an empty outbox
            run.report(is_complete=False)  # without the failure, which the request's log entry has
        raise
    run.report(is_complete=not run.failed_topics)
    if run.failed_topics:
        raise Unavailable


class _Run:
    """One call of the relay, with its counts.

    Attributes:
        deadline: when the call ends.
        backlog: how many events it has found that are old enough.
        failed_topics: the topics that do not accept events now.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.deadline = Deadline(SECONDS)
        self.backlog = 0
        self.failed_topics: set[str] = set()
        self._inventory = inventory
        self._published = self._refused = 0
        self._to_report: defaultdict[str, list[str]] = defaultdict(list)  # rejected documents by reason
        self._oldest_seconds = 0.0
        self._to_drop: list[str] = []

    async def publish(self, documents: Iterable[Document], read_at: datetime) -> None:
        """Publish events: those of one key in the order of their commits, different keys concurrently.

        Args:
            documents: the outbox documents. Those whose requests may still look for them are skipped.
            read_at: when they were read, by the store's clock, which also sets commit times. By another clock
                that is ahead, events would be deleted too early.
        """
        events = sorted(self._events(documents, read_at), key=lambda event: event.committed_at)
        keys = defaultdict(list)
        for event in events:
            keys[event.entry.topic, event.entry.ordering_key].append(event)
        # A request can have events of only one key, and most keys have few: many requests run concurrently.
        await run_concurrently(self._publish_key(topic, waiting) for (topic, _), waiting in keys.items())
        self._report_rejected()
        await self._drop()

    def report(self, *, is_complete: bool) -> None:
        """Log the counts, from which log-based metrics are made."""
        fields = {
            "backlog": self.backlog,
            "oldest_seconds": round(self._oldest_seconds, 3),
            "published": self._published,
            "refused": self._refused,
            "complete": is_complete,
        }
        severity = logging.INFO if is_complete else logging.WARNING
        logs.log(severity, f"outbox: {self._published} of {self.backlog} published", fields)

    def _events(self, documents: Iterable[Document], read_at: datetime) -> Iterator[WaitingEvent]:
        for document in documents:
            committed_at = document.create_time.ToDatetime(UTC)
            age = read_at - committed_at
            if age < AGE:
                continue
            self.backlog += 1
            self._oldest_seconds = max(self._oldest_seconds, age.total_seconds())
            try:
                entry = decode(document.fields, OutboxEntry)
            except DecodeError as error:
                self._reject([document.name], str(error))
            else:
                yield WaitingEvent(document=document.name, committed_at=committed_at, entry=entry)

    async def _publish_key(self, topic: str, events: Sequence[WaitingEvent]) -> None:
        """Publish the events of a key; after a failure, the call skips that topic but not the others."""
        if topic in self.failed_topics:
            return
        try:
            await self._publish(topic, events)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other topics' events are published
            if topic not in self.failed_topics:  # other keys' events can fail at the same time
                logs.log(logging.ERROR, "a topic's events are not published", {"topic": topic}, error=error)
            self.failed_topics.add(topic)

    async def _publish(self, topic: str, events: Sequence[WaitingEvent]) -> None:
        async for outcome in publish_in_order(self._inventory.publisher, topic, events, self.deadline):
            names = [event.document for event in outcome.events]
            if outcome.rejection is None:
                self._published += len(names)
                self._to_drop += names
            else:
                self._reject(names, outcome.rejection)
        if len(self._to_drop) >= DROPPED_AT_ONCE:
            with suppress(*FAILURES):  # not a failure of the topic, and the next deletion includes these
                await self._drop()

    async def _drop(self) -> None:
        """Delete published events from the outbox; if that fails, the next deletion includes them."""
        names, self._to_drop = self._to_drop, []
        try:
            await self._inventory.outbox.remove(names, Deadline(DROP_SECONDS))
        except FAILURES:
            self._to_drop += names
            raise

    def _reject(self, names: Sequence[str], reason: str) -> None:
        self._refused += len(names)
        self._to_report[reason] += names

    def _report_rejected(self) -> None:
        """Log each reason once, not for each key: thousands of keys can have events of a missing topic."""
        for reason, documents in self._to_report.items():
            for names in batches(documents, REPORTED_AT_ONCE):
                fields = {"documents": names, "reason": reason}
                logs.log(logging.ERROR, "events that cannot be published", fields)
        self._to_report.clear()
