"""Clients of the machines API, and what a call costs the emulators."""

from collections.abc import AsyncIterator

import httpx
import pytest
from google.cloud.firestore import Client

from tests.functions.machines.api import MachinesApi
from tests.functions.machines.control import Control
from tests.stack import NewOrganization, RunningStack


@pytest.fixture
def machines(
    http: httpx.AsyncClient, new_organization: NewOrganization, firestore_client: Client
) -> MachinesApi:
    """The API for an organization of the test's own."""
    return MachinesApi(http=http, organization=new_organization(), store=firestore_client)


@pytest.fixture
def others(
    http: httpx.AsyncClient, new_organization: NewOrganization, firestore_client: Client
) -> MachinesApi:
    """The API for another organization."""
    return MachinesApi(http=http, organization=new_organization(), store=firestore_client)


@pytest.fixture(scope="session")
async def firestore_control(stack: RunningStack) -> AsyncIterator[Control]:
    """The Firestore emulator's counters and faults."""
    async with Control.of(stack.firestore_control, stack.project) as control:
        yield control


@pytest.fixture(scope="session")
async def pubsub_control(stack: RunningStack) -> AsyncIterator[Control]:
    """The Pub/Sub emulator's counters and faults."""
    async with Control.of(stack.pubsub_control, stack.project) as control:
        yield control


@pytest.fixture
async def store_unchanged(machines: MachinesApi, firestore_control: Control) -> AsyncIterator[None]:
    """Fails the test if it wrote anything."""
    del machines  # its key is written before
    before = await firestore_control.billed("writes")
    yield
    assert before == await firestore_control.billed("writes")
