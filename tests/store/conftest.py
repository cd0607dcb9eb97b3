"""The store as use cases have it, on the stack's emulator."""

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from shared.bootstrap import Inventory, inventory
from tests.functions.machines.control import Control
from tests.stack import RunningStack


@pytest.fixture
def project() -> str:
    """A project of the test's own."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def own(stack: RunningStack, project: str) -> Iterator[Inventory]:
    """An inventory in a database of the test's own."""
    with pytest.MonkeyPatch.context() as patch:  # clients are made at the first call
        patch.setenv("FIRESTORE_EMULATOR_HOST", stack.firestore_emulator_host)
        patch.setenv("PUBSUB_EMULATOR_HOST", stack.pubsub_emulator_host)
        yield inventory({"GOOGLE_CLOUD_PROJECT": project})


@pytest.fixture
async def firestore_control(stack: RunningStack, project: str) -> AsyncIterator[Control]:
    """The Firestore emulator's counters of the test's project, and its faults."""
    async with Control.of(stack.firestore_control, project) as control:
        yield control
        await control.forget()
