"""Clients of the pools API, and its events."""

from collections.abc import Iterator

import httpx
import pytest
from google.cloud.firestore import Client
from google.cloud.pubsub import SubscriberClient

from tests.event_log import messages
from tests.functions.pools.api import PoolsApi
from tests.functions.pools.inbox import Inbox
from tests.stack import NewOrganization, RunningStack


@pytest.fixture
def pools(http: httpx.AsyncClient, new_organization: NewOrganization, firestore_client: Client) -> PoolsApi:
    """The API for an organization of this test only."""
    return PoolsApi(http=http, organization=new_organization(), store=firestore_client)


@pytest.fixture
def others(http: httpx.AsyncClient, new_organization: NewOrganization, firestore_client: Client) -> PoolsApi:
    """The API for another organization."""
    return PoolsApi(http=http, organization=new_organization(), store=firestore_client)


@pytest.fixture
def inbox(stack: RunningStack, pools: PoolsApi, subscriber: SubscriberClient) -> Iterator[Inbox]:
    """The events about the organization's pools."""
    with messages(subscriber, stack.project, pools.organization.id, "pool-changed") as received:
        yield Inbox(received)
