"""A database and topics for one test, whose outbox contains only the test's events."""

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from google.cloud import pubsub

from functions.outbox_relay.relay import AGE
from shared.bootstrap import Inventory, now
from tests.control import Control
from tests.functions.outbox_relay.outbox import FilledOutbox
from tests.stack import RunningStack


@pytest.fixture
def aged(own: Inventory) -> Inventory:
    """An inventory with a later clock, by which events committed now are old enough for the relay."""
    return dataclasses.replace(own, clock=lambda: now() + AGE + timedelta(seconds=1))


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
async def firestore_control(stack: RunningStack, project: str) -> AsyncIterator[Control]:
    """The Firestore emulator's counters for the test's project, and its faults."""
    async with Control.of(stack.firestore_control, project) as control:
        yield control
        await control.forget()


@pytest.fixture
async def pubsub_control(stack: RunningStack, project: str) -> AsyncIterator[Control]:
    """The Pub/Sub emulator's counters for the test's project, and its faults."""
    async with Control.of(stack.pubsub_control, project) as control:
        yield control
        await control.forget()
