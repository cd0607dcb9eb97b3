"""The cache of sets of label keys."""

import pytest

from shared.bootstrap import Inventory
from shared.domain.deadline import Deadline
from shared.store.label_sets import LabelSets
from tests.control import Control


async def test_the_least_recently_used_organization_is_evicted_first(
    own: Inventory, firestore_control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a cached organization, the machines are counted, and no set is read."""
    monkeypatch.setattr("shared.store.label_sets.MAX_ORGANIZATIONS", 2)
    sets = LabelSets(own.firestore)
    await sets.lacking("before", ["tier"], Deadline(5))

    async def reads_of(organization_id: str) -> int:
        before = (await firestore_control.rpcs())["RunQuery"]
        await sets.lacking(organization_id, ["tier"], Deadline(5))
        return (await firestore_control.rpcs())["RunQuery"] - before

    requested = ["first", "second", "first", "third", "first", "third", "second"]
    assert [await reads_of(organization_id) for organization_id in requested] == [1, 1, 0, 1, 0, 0, 1]
