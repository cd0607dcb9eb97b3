"""A project for one test on the shared emulators, where no schedule and no other test runs."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from google.cloud.firestore import Client

from tests.control import Control
from tests.google_clients import firestore_client
from tests.stack import Organization, RunningStack, organization


@dataclass(frozen=True)
class LoneProject:
    """The project, with one organization.

    Attributes:
        environment: the environment variables of the project's functions.
        control: the Firestore emulator's counters for the project, and its faults.
    """

    id: str
    environment: dict[str, str]
    store: Client
    organization: Organization
    control: Control


@asynccontextmanager
async def lone_project(stack: RunningStack) -> AsyncIterator[LoneProject]:
    """Create a project, which has no topics."""
    project = f"test-{uuid.uuid4().hex[:12]}"
    with firestore_client(stack.firestore_emulator_host, project) as store:
        async with Control.of(stack.firestore_control, project) as control:
            example = organization(store, "example")
            yield LoneProject(project, stack.environment(project), store, example, control)
