"""A database and topics for one test, whose outbox contains only the test's events."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from google.cloud import pubsub

from shared.bootstrap import Inventory
from tests.control import Control
from tests.functions.outbox_relay.outbox import FilledOutbox
from tests.stack import RunningStack


@pytest.fixture
def aged(own: Inventory, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    """The inventory, with events that are old enough for the relay as soon as they are committed."""
    monkeypatch.setattr("functions.outbox_relay.relay.AGE", timedelta())
    return own


@pytest.fixture
def outbox(
    own: Inventory, publisher: pubsub.PublisherClient, subscriber: pubsub.SubscriberClient, project: str
) -> FilledOutbox:
    """The test's outbox, and the subscribers of its topics."""
    filled = FilledOutbox(own.firestore, subscriber, project)
    for topic in ("machine-created", "machine-updated"):
        publisher.create_topic(name=f"projects/{project}/topics/{topic}")
        filled.subscribe(topic)
    return filled


@pytest.fixture
async def pubsub_control(stack: RunningStack, project: str) -> AsyncIterator[Control]:
    """The Pub/Sub emulator's counters for the test's project, and its faults."""
    async with Control.of(stack.pubsub_control, project) as control:
        yield control
        await control.forget()
