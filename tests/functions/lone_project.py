"""A project of its own on the shared emulators: no schedule and no other test is at work there."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from google.cloud.firestore import Client

from infra import keys
from shared.domain.access import Scope
from tests.functions.machines.control import Control
from tests.stack import Organization, RunningStack


@dataclass(frozen=True)
class LoneProject:
    """The project, with one organization in it.

    Attributes:
        environment: what a function of the project is started with.
        control: what the Firestore emulator counts of the project.
    """

    id: str
    environment: dict[str, str]
    store: Client
    organization: Organization
    control: Control


@asynccontextmanager
async def lone_project(stack: RunningStack) -> AsyncIterator[LoneProject]:
    """Make a project. It has no topics."""
    project = f"test-{uuid.uuid4().hex[:12]}"
    environment = stack.environment(project)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", stack.firestore_emulator_host)
        store = Client(project=project)
    api_key, _ = keys.create(store, "example", (*Scope,), now=datetime.now(UTC))
    async with Control.of(stack.firestore_control, project) as control:
        yield LoneProject(project, environment, store, Organization(id="example", api_key=api_key), control)
    store.close()  # type: ignore[no-untyped-call] # the library annotates it in part
