"""Fixtures for tests of the store."""

from collections.abc import AsyncIterator

import pytest

from tests.control import Control
from tests.stack import RunningStack


@pytest.fixture
async def firestore_control(stack: RunningStack, project: str) -> AsyncIterator[Control]:
    """The Firestore emulator's counters for the test's project, and its faults."""
    async with Control.of(stack.firestore_control, project) as control:
        yield control
        await control.forget()
