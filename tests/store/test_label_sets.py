"""The cache of sets of label keys."""

import asyncio

import pytest

from shared.bootstrap import Inventory, new_id, now
from shared.domain import search
from shared.domain.deadline import Deadline
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store.label_sets import LabelSets
from shared.store.machines import create_machine
from tests.control import UNTIL_RELEASED, Control


async def register(inventory: Inventory, **labels: str) -> str:
    """Store a machine with labels, and return the name of its set of label keys."""
    machine = Machine(id=new_id(), organization_id="example", labels=labels, last_seen=now())
    await inventory.firestore.commit([create_machine(inventory.firestore, machine)], Deadline(5))
    return search.label_set(machine)


async def test_the_least_recently_used_organization_is_evicted_first(
    own: Inventory, own_control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a cached organization, the machines are counted, and no set is read."""
    monkeypatch.setattr("shared.store.label_sets.MAX_ORGANIZATIONS", 2)
    sets = LabelSets(own.firestore)
    await sets.lacking("before", ["tier"], Deadline(5))

    async def reads_of(organization_id: str) -> int:
        before = (await own_control.rpcs())["RunQuery"]
        await sets.lacking(organization_id, ["tier"], Deadline(5))
        return (await own_control.rpcs())["RunQuery"] - before

    requested = ["first", "second", "first", "third", "first", "third", "second"]
    # One for each part of the index, all of which are empty.
    assert [await reads_of(organization_id) for organization_id in requested] == [16, 16, 0, 16, 0, 0, 16]


async def test_sets_of_too_many_keys_are_not_cached(
    own: Inventory, own_control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One organization could fill the memory of an instance. Those that were cached before stay."""
    monkeypatch.setattr("shared.store.label_sets.MAX_KEYS", 1)
    sets = LabelSets(own.firestore)
    await register(own, tier="db", rack="7")
    await sets.lacking("other", ["spot"], Deadline(5))

    async def reads_of(organization_id: str) -> int:
        before = (await own_control.rpcs())["RunQuery"]
        await sets.lacking(organization_id, ["spot"], Deadline(5))
        return (await own_control.rpcs())["RunQuery"] - before

    # One for each part of the index, and one more for the set.
    assert [await reads_of(name) for name in ("example", "example", "other")] == [17, 17, 0]


async def test_a_new_set_is_found_although_the_machines_change_between_the_counts(
    own: Inventory, own_control: Control
) -> None:
    """By counts of different moments, there would be as many machines in the cached set as in all."""
    sets = LabelSets(own.firestore)
    known = await register(own, tier="db")
    assert (await sets.lacking("example", ["spot"], Deadline(5)))[0] == [known]
    new = await register(own, rack="7")
    await own_control.fail_next(
        "RunAggregationQuery", pattern=own.project, when="after", delay_ms=UNTIL_RELEASED
    )

    finding = asyncio.create_task(sets.lacking("example", ["spot"], Deadline(10)))
    await own_control.struck()
    await register(own, tier="web")
    await own_control.release()

    names, _ = await finding
    assert {known, new} == set(names)
