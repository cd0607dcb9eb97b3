"""A database and topics of a test's own, so that its outbox holds what it put there and nothing else."""

import dataclasses
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from google.cloud import pubsub

from functions.outbox_relay.relay import AGE
from shared.bootstrap import Inventory, inventory, now
from tests.functions.machines.control import Control
from tests.functions.outbox_relay.outbox import FilledOutbox
from tests.stack import RunningStack


@pytest.fixture
def project() -> str:
    """A project of the test's own."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def young(stack: RunningStack, project: str) -> Iterator[Inventory]:
    """An inventory whose clock shows the time."""
    with pytest.MonkeyPatch.context() as patch:  # clients are made at the first call
        patch.setenv("FIRESTORE_EMULATOR_HOST", stack.firestore_emulator_host)
        patch.setenv("PUBSUB_EMULATOR_HOST", stack.pubsub_emulator_host)
        yield inventory({"GOOGLE_CLOUD_PROJECT": project})


@pytest.fixture
def aged(young: Inventory) -> Inventory:
    """The same when what is committed now is old enough for the relay."""
    return dataclasses.replace(young, clock=lambda: now() + AGE + timedelta(seconds=1))


@pytest.fixture
def outbox(
    young: Inventory, publisher: pubsub.PublisherClient, subscriber: pubsub.SubscriberClient, project: str
) -> FilledOutbox:
    """What the test puts into the outbox, and what its subscribers receive."""
    filled = FilledOutbox(young.firestore, subscriber, project)
    for topic in ("machine-created", "machine-updated"):
        publisher.create_topic(name=f"projects/{project}/topics/{topic}")
        filled.subscribe(topic)
    return filled


@pytest.fixture
async def firestore_control(stack: RunningStack, project: str) -> AsyncIterator[Control]:
    """The Firestore emulator's counters of the test's project, and its faults."""
    async with Control.of(stack.firestore_control, project) as control:
        yield control
        await control.forget()


@pytest.fixture
async def pubsub_control(stack: RunningStack, project: str) -> AsyncIterator[Control]:
    """The Pub/Sub emulator's counters of the test's project, and its faults."""
    async with Control.of(stack.pubsub_control, project) as control:
        yield control
        await control.forget()
