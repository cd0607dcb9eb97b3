import uuid
from collections.abc import Iterator

import pytest
from google.cloud.pubsub_v1 import PublisherClient, SchemaServiceClient, SubscriberClient

from tests.emulators.pubsub.emulator import Emulator, running
from tests.emulators.pubsub.endpoint import Endpoint


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with running() as emulator:
        yield emulator


# Clients are for a module, because a module can have an emulator of its own.
@pytest.fixture(scope="module")
def publisher(emulator: Emulator) -> Iterator[PublisherClient]:
    with emulator.publisher() as client:
        yield client


@pytest.fixture(scope="module")
def subscriber(emulator: Emulator) -> Iterator[SubscriberClient]:
    with emulator.subscriber() as client:
        yield client


@pytest.fixture(scope="module")
def schemas(emulator: Emulator) -> Iterator[SchemaServiceClient]:
    with emulator.schemas() as client:
        yield client


@pytest.fixture
def project() -> str:
    """The name of a project for one test."""
    return f"projects/test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def topic(publisher: PublisherClient, project: str) -> str:
    name = f"{project}/topics/news"
    publisher.create_topic(name=name)
    return name


@pytest.fixture
def subscription(subscriber: SubscriberClient, project: str, topic: str) -> str:
    name = f"{project}/subscriptions/readers"
    subscriber.create_subscription(name=name, topic=topic)
    return name


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint
