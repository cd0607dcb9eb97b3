"""What tests of the running product share: one stack for each test process, and clients of it."""

import gc
import os
import signal
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence

import httpx
import pytest
from google.cloud import firestore, pubsub
from hypothesis import HealthCheck, settings

from infra.local.nursery import Nursery
from shared.bootstrap import Inventory, inventory
from shared.domain.access import Scope
from tests import google_clients
from tests.functions.lone_function import running_nursery
from tests.plain_http import NO_AUTHORITIES
from tests.stack import NewOrganization, Organization, RunningStack, organization, running_stack

# Many more for a long look: MUSTER_EXAMPLES=10000.
EXAMPLES = int(os.environ.get("MUSTER_EXAMPLES", "100"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests: one at the end would run alone."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives to the end: all that was imported and collected."""
    gc.freeze()


def pytest_configure() -> None:
    """Let the processes that tests start hear Ctrl-C, also where a shell has these in its background.

    And take as many examples for each property as are asked for: every run takes others. How fast they come
    says how busy the machine is, and nothing about the product.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("FORCE_COLOR", None)  # tests read logs as programs do
    settings.register_profile(
        "muster", max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("muster")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A local stack. Tests share it: each keeps to organizations and MAC addresses of its own."""
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="session")
async def nursery() -> AsyncIterator[Nursery]:
    """Where functions that run without a stack come from: what they all import is imported once."""
    async with running_nursery() as nursery:
        yield nursery


@pytest.fixture(scope="session")
async def http(stack: RunningStack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway, without a key."""
    async with httpx.AsyncClient(base_url=stack.gateway, timeout=30, verify=NO_AUTHORITIES) as client:
        yield client


@pytest.fixture
def project() -> str:
    """A project of the test's own on the shared emulators."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def own(stack: RunningStack, project: str) -> Iterator[Inventory]:
    """The product's inventory in a project of the test's own, which has no topics."""
    environment = stack.environment(project)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():  # channels are made at the first call
            patch.setenv(name, value)
        yield inventory(environment)


@pytest.fixture(scope="session")
def firestore_client(stack: RunningStack) -> Iterator[firestore.Client]:
    """Google's Firestore client, on the stack's emulator."""
    with google_clients.firestore_client(stack.firestore_emulator_host, stack.project) as client:
        yield client


@pytest.fixture(scope="session")
def publisher(stack: RunningStack) -> Iterator[pubsub.PublisherClient]:
    """Google's Pub/Sub publisher, on the stack's emulator."""
    with google_clients.PubSub(stack.pubsub_emulator_host).publisher(ordered=True) as client:
        yield client


@pytest.fixture(scope="session")
def subscriber(stack: RunningStack) -> Iterator[pubsub.SubscriberClient]:
    """Google's Pub/Sub subscriber, on the stack's emulator."""
    with google_clients.PubSub(stack.pubsub_emulator_host).subscriber() as client:
        yield client


@pytest.fixture(scope="session")
def new_organization(firestore_client: firestore.Client) -> NewOrganization:
    """Makes an organization with an API key: `new_organization()`, or with scopes, `("machines:read",)`."""

    def make(scopes: Sequence[str] = (*Scope,)) -> Organization:
        return organization(firestore_client, f"organization-{uuid.uuid4()}", scopes)

    return make
