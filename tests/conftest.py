"""Fixtures for tests of the running product: one stack for each test process, and its clients."""

import gc
import os
import signal
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence

import httpx
import pytest
from google.cloud import firestore, pubsub
from hypothesis import HealthCheck, settings

from infra.local.fork_server import ForkServer
from shared.bootstrap import Inventory, inventory
from shared.domain.access import Scope
from tests import google_clients
from tests.control import Control
from tests.functions.lone_function import running_fork_server
from tests.plain_http import NO_AUTHORITIES
from tests.stack import NewOrganization, Organization, RunningStack, organization, running_stack

# For a longer search, set MUSTER_EXAMPLES=10000.
EXAMPLES = int(os.environ.get("MUSTER_EXAMPLES", "100"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the long tests first: one at the end would run alone."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Exclude imported and collected objects from garbage collection, because they live until the end."""
    gc.freeze()


def pytest_configure() -> None:
    """Handle Ctrl-C in the processes that tests start, and configure Hypothesis.

    A shell ignores SIGINT for its background processes, so restore it. The number of examples is adjustable.
    There is no deadline or check for slow examples, because their speed depends on the machine's load.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("FORCE_COLOR", None)  # tests read logs as programs do, without colors
    settings.register_profile(
        "muster", max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("muster")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A local stack, which tests share: each uses its own organizations and MAC addresses."""
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="session")
async def fork_server() -> AsyncIterator[ForkServer]:
    """The fork server for functions without a stack: it imports their common modules once."""
    async with running_fork_server() as fork_server:
        yield fork_server


@pytest.fixture(scope="session")
async def http(stack: RunningStack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway, without an API key."""
    async with httpx.AsyncClient(base_url=stack.gateway, timeout=30, verify=NO_AUTHORITIES) as client:
        yield client


@pytest.fixture
def project() -> str:
    """A project for one test on the shared emulators."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def own(stack: RunningStack, project: str) -> Iterator[Inventory]:
    """The product's inventory in a project for one test, which has no topics."""
    environment = stack.environment(project)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():  # channels are created at the first call
            patch.setenv(name, value)
        yield inventory(environment)


@pytest.fixture
async def own_control(stack: RunningStack, project: str) -> AsyncIterator[Control]:
    """The Firestore emulator's counters for the test's project, and its faults."""
    async with Control.of(stack.firestore_control, project) as control:
        yield control
        await control.forget()


@pytest.fixture(scope="session")
def firestore_client(stack: RunningStack) -> Iterator[firestore.Client]:
    """Google's Firestore client of the stack's emulator."""
    with google_clients.firestore_client(stack.firestore_emulator_host, stack.project) as client:
        yield client


@pytest.fixture(scope="session")
def publisher(stack: RunningStack) -> Iterator[pubsub.PublisherClient]:
    """Google's Pub/Sub publisher client of the stack's emulator."""
    with google_clients.PubSub(stack.pubsub_emulator_host).publisher(ordered=True) as client:
        yield client


@pytest.fixture(scope="session")
def subscriber(stack: RunningStack) -> Iterator[pubsub.SubscriberClient]:
    """Google's Pub/Sub subscriber client of the stack's emulator."""
    with google_clients.PubSub(stack.pubsub_emulator_host).subscriber() as client:
        yield client


@pytest.fixture(scope="session")
def new_organization(firestore_client: firestore.Client) -> NewOrganization:
    """Creates an organization with an API key: `new_organization()`, or with scopes, `("machines:read",)`."""

    def make(scopes: Sequence[str] = (*Scope,)) -> Organization:
        return organization(firestore_client, f"organization-{uuid.uuid4()}", scopes)

    return make
