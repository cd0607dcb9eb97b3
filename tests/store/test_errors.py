"""What a failed call means for the change that made it."""

import pytest

from shared.bootstrap import Inventory
from shared.domain.deadline import Deadline
from shared.store import paths, writes
from shared.store.errors import Ambiguous
from tests.control import Control


@pytest.mark.parametrize("code", ["CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN"])
async def test_a_commit_whose_result_is_unknown_may_have_been_applied(
    own: Inventory, own_control: Control, code: str
) -> None:
    await own_control.fail_next("Commit", pattern=own.project, code=code)

    with pytest.raises(Ambiguous):
        await own.firestore.commit([writes.delete(own.firestore.name(paths.outbox("one")))], Deadline(5))
