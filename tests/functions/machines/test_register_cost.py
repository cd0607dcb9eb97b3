"""The cost of a registration: one commit and one publish, and no read.

It is counted in a separate project, where no relay publishes what other tests have left.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from google.cloud.pubsub import PublisherClient

from infra.local.fork_server import ForkServer
from tests.control import Control
from tests.functions.lone_function import running_function
from tests.functions.lone_project import lone_project
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.machines.expectations import created, problem
from tests.stack import RunningStack

KEY = {"Idempotency-Key": "a"}


@dataclass(frozen=True)
class Quiet:
    """A machines function in a project where nothing else happens."""

    machines: MachinesApi
    firestore: Control
    pubsub: Control

    async def tally(self) -> None:
        """Count a registration's RPCs, except the read of the API key and deletions from the outbox."""
        await self.firestore.tally(None, f"organizations/{self.machines.organization.id}/|/identities/")
        await self.pubsub.tally("Publish", f"{self.pubsub.project}/topics/machine-created")


@pytest.fixture
async def quiet(
    stack: RunningStack, fork_server: ForkServer, publisher: PublisherClient
) -> AsyncIterator[Quiet]:
    async with (
        lone_project(stack) as project,
        Control.of(stack.pubsub_control, project.id) as pubsub,
        running_function(fork_server, "machines", project.environment) as function,
    ):
        publisher.create_topic(name=f"projects/{project.id}/topics/machine-created")
        machines = MachinesApi(http=function.http, organization=project.organization, store=project.store)
        problem(await machines.register({}), 400)  # now the function has cached the caller's key
        yield Quiet(machines, project.control, pubsub)


@pytest.mark.parametrize("headers", [{}, KEY], ids=["no key", "key"])
async def test_a_registration_is_one_commit_and_one_publish(quiet: Quiet, headers: dict[str, str]) -> None:
    looked_up = (await quiet.firestore.rpcs())["GetDocument"]
    await quiet.tally()

    created(await quiet.machines.register(a_body(nics=[{"mac": a_mac()} for _ in range(8)]), headers))

    assert await quiet.firestore.tallied() == 1
    assert await quiet.pubsub.tallied() == 1
    assert looked_up == (await quiet.firestore.rpcs())["GetDocument"]


async def test_a_replay_is_one_rejected_commit_and_one_read(quiet: Quiet) -> None:
    body = a_body()
    created(await quiet.machines.register(body, KEY))
    read = await quiet.firestore.billed("reads")
    await quiet.tally()

    created(await quiet.machines.register(body, KEY))

    assert await quiet.firestore.tallied() == 2
    assert await quiet.pubsub.tallied() == 0
    assert await quiet.firestore.billed("reads") - read == 1
