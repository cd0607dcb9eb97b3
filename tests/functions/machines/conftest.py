"""Clients of the machines API, its events, and the check of the inventory."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from google.cloud.firestore import Client
from google.cloud.pubsub import SubscriberClient

from tests.control import Control
from tests.event_log import EventLog, EventLogs, event_logs
from tests.functions.machines.api import MachinesApi
from tests.inventory_checker import InventoryChecker
from tests.stack import NewOrganization, RunningStack


@pytest.fixture
def machines(
    http: httpx.AsyncClient, new_organization: NewOrganization, firestore_client: Client
) -> MachinesApi:
    """The API for an organization of this test only."""
    return MachinesApi(http=http, organization=new_organization(), store=firestore_client)


@pytest.fixture
def others(
    http: httpx.AsyncClient, new_organization: NewOrganization, firestore_client: Client
) -> MachinesApi:
    """The API for another organization."""
    return MachinesApi(http=http, organization=new_organization(), store=firestore_client)


@pytest.fixture(scope="module")
def logs(stack: RunningStack, subscriber: SubscriberClient) -> Iterator[EventLogs]:
    """The events of all organizations, shared because four subscriptions take longer than a test."""
    with event_logs(subscriber, stack.project) as logs:
        yield logs


@pytest.fixture
def log(logs: EventLogs, machines: MachinesApi) -> EventLog:
    """The events of the organization."""
    return logs.of(machines.organization.id)


@pytest.fixture
def checker(machines: MachinesApi, log: EventLog) -> InventoryChecker:
    """The check of the organization's documents against its events."""
    return InventoryChecker(machines.store, log, machines.organization.id)


@pytest.fixture
async def store_unchanged(machines: MachinesApi, firestore_control: Control) -> AsyncIterator[None]:
    """Fail the test if it tried to write a machine or anything else of the organization."""
    await firestore_control.tally("Commit", f"{machines.organization.id}|/identities/")
    yield
    assert await firestore_control.tallied() == 0
