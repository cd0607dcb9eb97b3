from collections.abc import Iterator

import pytest
from google.cloud.firestore import Client, CollectionReference
from google.cloud.firestore_v1.services.firestore import FirestoreClient

from tests.emulators.firestore.emulator import Emulator, running


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """An emulator without an index file, which tests share: each uses its own project."""
    with running() as emulator:
        yield emulator


@pytest.fixture
def client(emulator: Emulator, project: str) -> Iterator[Client]:
    with emulator.client(project) as client:
        yield client


@pytest.fixture
def cities(client: Client) -> CollectionReference:
    return client.collection("cities")


@pytest.fixture(scope="module")  # because a module can have an emulator of its own
def generated(emulator: Emulator) -> Iterator[FirestoreClient]:
    with emulator.generated() as client:
        yield client


@pytest.fixture
def database(project: str) -> str:
    return f"projects/{project}/databases/(default)"
