"""The cost of a registration: one commit and one publish, and no read."""

import pytest

from tests.control import Control
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.machines.expectations import created, problem

KEY = {"Idempotency-Key": "a"}


def of(machines: MachinesApi) -> str:
    """Return a pattern for a registration's reads and writes, except the read of the API key."""
    return f"organizations/{machines.organization.id}/|/identities/"


@pytest.mark.parametrize("headers", [{}, KEY], ids=["no key", "key"])
async def test_a_registration_is_one_commit_and_one_publish(
    machines: MachinesApi, firestore_control: Control, pubsub_control: Control, headers: dict[str, str]
) -> None:
    problem(await machines.register({}), 400)  # now the function has cached the caller's key
    looked_up = (await firestore_control.rpcs())["GetDocument"]
    await firestore_control.tally(None, of(machines))
    await pubsub_control.tally(None, "machine-created")

    created(await machines.register(a_body(nics=[{"mac": a_mac()} for _ in range(8)]), headers))

    assert await firestore_control.tallied() == 1
    assert await pubsub_control.tallied() == 1
    assert looked_up == (await firestore_control.rpcs())["GetDocument"]


async def test_a_replay_is_one_rejected_commit_and_one_read(
    machines: MachinesApi, firestore_control: Control, pubsub_control: Control
) -> None:
    body = a_body()
    created(await machines.register(body, KEY))
    read = await firestore_control.billed("reads")
    await firestore_control.tally(None, of(machines))
    await pubsub_control.tally(None, "machine-created")

    created(await machines.register(body, KEY))

    assert await firestore_control.tallied() == 2
    assert await pubsub_control.tallied() == 0
    assert await firestore_control.billed("reads") - read == 1
