"""What a registration costs: one commit and one publish, and no read."""

from collections import Counter

import pytest

from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.machines.control import Control
from tests.functions.machines.expectations import created, problem

KEY = {"Idempotency-Key": "a"}
NICS = 8
A_CLAIM = "/identities/"  # what tells a registration's commit from one that drops published events


@pytest.mark.parametrize(("headers", "records"), [({}, 0), (KEY, 1)], ids=["no key", "key"])
async def test_a_registration_is_one_commit_and_one_publish(
    *,
    machines: MachinesApi,
    firestore_control: Control,
    pubsub_control: Control,
    headers: dict[str, str],
    records: int,
) -> None:
    problem(await machines.register({}), 400)  # from now on the caller's key is known
    before = await firestore_control.rpcs() + await pubsub_control.rpcs()
    written = await firestore_control.billed("writes")
    await firestore_control.tally("Commit", A_CLAIM)

    created(await machines.register(a_body(nics=[{"mac": a_mac()} for _ in range(NICS)]), headers))

    assert await firestore_control.tallied() == 1
    assert 1 + NICS + 1 + records == await firestore_control.billed("writes") - written
    rpcs = await firestore_control.rpcs() + await pubsub_control.rpcs() - before
    del rpcs["Commit"]  # told above: others, of events that were published before, may have been between
    assert Counter(Publish=1) == rpcs


async def test_a_replay_is_one_refused_commit_and_one_read(
    machines: MachinesApi, firestore_control: Control, pubsub_control: Control
) -> None:
    body = a_body()
    created(await machines.register(body, KEY))
    before = await firestore_control.rpcs() + await pubsub_control.rpcs()
    read = await firestore_control.billed("reads")
    await firestore_control.tally("Commit", A_CLAIM)

    created(await machines.register(body, KEY))

    assert await firestore_control.tallied() == 1
    assert await firestore_control.billed("reads") - read == 1
    rpcs = await firestore_control.rpcs() + await pubsub_control.rpcs() - before
    del rpcs["Commit"]
    assert Counter(BatchGetDocuments=1) == rpcs
