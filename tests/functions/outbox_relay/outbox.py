"""An outbox with events, and subscribers of its topics."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from google.cloud import pubsub

from shared.domain.deadline import Deadline
from shared.domain.events import machine_created, outbox_entry
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.records_pb2 import OutboxEntry
from shared.store import paths, writes
from shared.store.firestore import Firestore
from shared.store.queries import all_in
from shared.store.wire_format import Write, write
from tests.emulators.pubsub.pulling import acknowledge, pull_now

A_COMMIT = 500


@dataclass(frozen=True)
class FilledOutbox:
    """The outbox of a database for one test."""

    firestore: Firestore
    subscriber: pubsub.SubscriberClient
    project: str

    def subscribe(self, topic: str) -> None:
        """Subscribe to a topic."""
        self.subscriber.create_subscription(
            request={
                "name": self._subscription(topic),
                "topic": f"projects/{self.project}/topics/{topic}",
                "enable_message_ordering": True,
            }
        )

    async def put(self, entries: Iterable[OutboxEntry]) -> datetime:
        """Commit events, and return the commit time."""
        return await self._commit([writes.create(self.document(entry.event_id), entry) for entry in entries])

    async def put_undecodable(self, event_id: str) -> None:
        """Commit a document that is not an event."""
        no_event = {"name": self.document(event_id), "fields": {"topic": {"integer_value": 7}}}
        await self._commit([write(update=no_event)])

    def document(self, event_id: str) -> str:
        """Return the name of an event's document."""
        return self.firestore.name(paths.outbox(event_id))

    async def waiting(self) -> int:
        """Return the number of documents in the outbox."""
        return await self.firestore.count("", all_in("outbox"), Deadline(10))

    def published(self, topic: str = "machine-created") -> list[pubsub.types.PubsubMessage]:
        """Return all new messages of a topic."""
        taken: list[pubsub.types.PubsubMessage] = []
        while received := self._pull(topic):
            taken += received
        return taken

    def published_ids(self, topic: str = "machine-created") -> list[str]:
        """Return the ids of the events in all new messages of a topic."""
        return [message.attributes["ce-id"] for message in self.published(topic)]

    def _pull(self, topic: str) -> list[pubsub.types.PubsubMessage]:
        subscription = self._subscription(topic)
        received = pull_now(self.subscriber, subscription)
        if received:
            acknowledge(self.subscriber, subscription, received)
        return [message.message for message in received]

    def _subscription(self, topic: str) -> str:
        return f"projects/{self.project}/subscriptions/{topic}"

    async def _commit(self, batch: list[Write]) -> datetime:
        """Apply writes in one or more commits, and return the time of the last."""
        committed_at = datetime.min.replace(tzinfo=UTC)
        for start in range(0, len(batch), A_COMMIT):
            committed_at = await self.firestore.commit(batch[start : start + A_COMMIT], Deadline(20))
        return committed_at


def entry(
    event_id: str, *, key: str = "machine", version: int = 1, topic: str = "machine-created"
) -> OutboxEntry:
    """Make the outbox entry for a registration of a machine, for any topic."""
    machine = Machine(id=key, organization_id="example", version=version)
    made = outbox_entry(machine_created(machine), event_id, attempt=0)
    made.topic = topic
    return made


def rejected_entry(event_id: str, *, version: int = 1) -> OutboxEntry:
    """Make an entry that Pub/Sub rejects, because an attribute can have at most 1,024 bytes."""
    made = entry(event_id, version=version)
    made.attributes["organization_id"] = "x" * 1025
    return made
