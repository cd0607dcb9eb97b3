from collections.abc import AsyncIterator

import pytest

from tests.control import Control
from tests.stack import RunningStack


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
