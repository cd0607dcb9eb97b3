"""The events that subscribers receive: each once, from all topics, in the order of arrival."""

import queue
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from google.cloud.pubsub import SubscriberClient
from google.cloud.pubsub_v1.subscriber.message import Message

from shared.pb.inventory.v1.events_pb2 import MachineCreated, MachineDeleted, MachineUpdated, PoolChanged
from shared.pb.inventory.v1.machine_pb2 import Machine

Payload = MachineCreated | MachineUpdated | MachineDeleted | PoolChanged

TOPICS: dict[str, type[Payload]] = {
    "machine-created": MachineCreated,
    "machine-updated": MachineUpdated,
    "machine-deleted": MachineDeleted,
    "pool-changed": PoolChanged,
}
TIMEOUT = 15.0


@dataclass(frozen=True)
class ReceivedEvent:
    """An event, with the time of its commit."""

    id: str
    organization_id: str
    time: datetime
    message: Payload

    @property
    def machine(self) -> Machine | None:
        """The machine after the event, or its last state if it was deleted; None for a pool's event."""
        match self.message:
            case MachineUpdated():
                return self.message.after
            case MachineCreated() | MachineDeleted():
                return self.message.machine
        return None

    @property
    def version(self) -> int:
        """The version of the event's machine or pool, which orders its events."""
        match self.message:
            case MachineUpdated():
                return self.message.after.version
            case MachineCreated():
                return self.message.machine.version
        return self.message.version


class EventLog:
    """Events by their `ce-id`; repeats are dropped, as subscribers do.

    Attributes:
        faults: repeats with different content.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._events: dict[str, ReceivedEvent] = {}
        self._changed = threading.Condition()

    def events(self) -> list[ReceivedEvent]:
        """List all events that have arrived."""
        with self._changed:
            return list(self._events.values())

    def of(self, machine_id: str) -> list[ReceivedEvent]:
        """List the events of a machine, ordered by version."""
        events = [event for event in self.events() if event.machine and event.machine.id == machine_id]
        return sorted(events, key=lambda event: event.version)

    def wait_for(self, is_enough: Callable[["EventLog"], bool], seconds: float = TIMEOUT) -> bool:
        """Wait for events, and return whether they arrived in time."""
        with self._changed:
            return self._changed.wait_for(lambda: is_enough(self), seconds)

    def receive(self, topic: str, message: Message) -> None:
        """Handle a message from Google's subscriber client."""
        self.add(topic, message.attributes, message.data)
        message.ack()

    def add(self, topic: str, attributes: Mapping[str, str], data: bytes) -> bool:
        """Add an event, and return whether it is a repeat."""
        event_id = attributes["ce-id"]
        time = datetime.fromisoformat(attributes["ce-time"])
        event = ReceivedEvent(event_id, attributes["organization_id"], time, TOPICS[topic].FromString(data))
        with self._changed:
            is_repeat = event_id in self._events
            if self._events.setdefault(event_id, event) != event:
                self.faults.append(f"event {event_id}: a repeat has another message or time")
            self._changed.notify_all()
        return is_repeat


class EventLogs:
    """The event logs of all organizations."""

    def __init__(self) -> None:
        self._logs: dict[str, EventLog] = defaultdict(EventLog)
        self._lock = threading.Lock()

    def of(self, organization_id: str) -> EventLog:
        """Return the log of an organization, with all of its events since the start of the subscriptions."""
        with self._lock:
            return self._logs[organization_id]

    def receive(self, topic: str, message: Message) -> None:
        """Handle a message from Google's subscriber client."""
        self.of(message.attributes["organization_id"]).receive(topic, message)


@contextmanager
def event_logs(subscriber: SubscriberClient, project: str) -> Iterator[EventLogs]:
    """Subscribe to all topics of a project until the end of the block."""
    logs = EventLogs()
    with _subscribed(subscriber, project, TOPICS, logs.receive):
        yield logs


@contextmanager
def messages(
    subscriber: SubscriberClient, project: str, organization_id: str, *topics: str
) -> Iterator[queue.Queue[Message]]:
    """Receive an organization's messages from some topics until the end of the block, ordered by entity."""
    received: queue.Queue[Message] = queue.Queue()

    def receive(_: str, message: Message) -> None:
        message.ack()
        received.put(message)

    mine = {"filter": f'attributes.organization_id = "{organization_id}"', "enable_message_ordering": True}
    with _subscribed(subscriber, project, topics, receive, **mine):
        yield received


@contextmanager
def _subscribed(
    subscriber: SubscriberClient,
    project: str,
    topics: Iterable[str],
    receive: Callable[[str, Message], None],
    **settings: object,
) -> Iterator[None]:
    names, streams = [], []
    for topic in topics:
        name = subscriber.subscription_path(project, f"test-{topic}-{uuid.uuid4()}")
        subscriber.create_subscription(
            request={"name": name, "topic": f"projects/{project}/topics/{topic}", **settings}
        )
        names.append(name)
        streams.append(subscriber.subscribe(name, partial(receive, topic)))
    try:
        yield
    finally:
        for stream in streams:
            stream.cancel()
            stream.result()
        for name in names:
            subscriber.delete_subscription(subscription=name)
