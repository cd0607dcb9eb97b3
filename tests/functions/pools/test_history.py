"""The history that random requests are compared with: what it explains, and events that it rejects."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from google.cloud.pubsub_v1.subscriber.message import Message

from shared.pb.inventory.v1.events_pb2 import MachineCreated, MachineVersion, PoolChanged
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool
from tests.functions.pools.history import History, State

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


# A pool is created after a second, and deleted after three.
HISTORY = History([(at(1), State(pools={"p": 1})), (at(3), State())])


@pytest.mark.parametrize(
    ("start", "end", "is_there", "is_not_there"),
    [
        (0, 0, False, True),
        (0, 2, True, True),
        (2, 2, True, False),
        (2, 4, True, True),
        (4, 4, False, True),
    ],
)
def test_what_was_true_during_a_request_explains_its_response_and_nothing_else(
    *, start: int, end: int, is_there: bool, is_not_there: bool
) -> None:
    assert is_there == HISTORY.explains(at(start), at(end), lambda state: "p" in state.pools)
    assert is_not_there == HISTORY.explains(at(start), at(end), lambda state: "p" not in state.pools)


def a_message(seconds: int, kind: str, pool_version: int, version: int, *machine_ids: str) -> Message:
    """Make the message of a change of the pool, which gives its machines their second version."""
    event = PoolChanged(
        pool=Pool(id="p", version=pool_version),
        change=f"POOL_CHANGE_{kind.upper()}",
        version=version,
        machines=[MachineVersion(id=machine_id, version=2) for machine_id in machine_ids],
    )
    return received(seconds, "inventory.pool.changed.v1", kind, event)


def received(seconds: int, ce_type: str, change: str, event: MachineCreated | PoolChanged) -> Message:
    """Make a message that has what the history reads of it."""
    attributes = {
        "ce-id": f"{seconds}",
        "ce-time": at(seconds).isoformat(),
        "ce-type": ce_type,
        "change": change,
    }
    return cast("Message", SimpleNamespace(attributes=attributes, data=event.SerializeToString()))


def test_events_of_a_pool_are_its_states() -> None:
    messages = [a_message(3, "deleted", 2, 3), a_message(1, "created", 1, 1), a_message(2, "updated", 2, 2)]

    states = [(time, dict(state.pools)) for time, state in History.of(messages).states]

    assert states == [(at(1), {"p": 1}), (at(2), {"p": 2}), (at(3), {})]


@pytest.mark.parametrize(
    "later",
    [
        pytest.param([a_message(2, "created", 1, 1)], id="created again"),
        pytest.param([a_message(2, "updated", 3, 3)], id="a version is missing"),
        pytest.param([a_message(2, "deleted", 2, 3)], id="deleted in another version"),
        pytest.param([a_message(2, "machines_added", 2, 2)], id="members of another version"),
        pytest.param([a_message(2, "machines_added", 1, 1, "none")], id="a member that does not exist"),
        pytest.param([a_message(2, "machines_removed", 1, 1, "m")], id="no member leaves"),
        pytest.param(
            [a_message(2, "machines_added", 1, 1, "m"), a_message(3, "machines_removed", 1, 1, "m")],
            id="a version of a machine is repeated",
        ),
        pytest.param(
            [a_message(2, "deleted", 1, 2), a_message(3, "updated", 2, 2)], id="changed after its end"
        ),
    ],
)
def test_events_that_contradict_each_other_are_rejected(later: Sequence[Message]) -> None:
    registered = MachineCreated(machine=Machine(id="m", version=1))
    before = [
        received(0, "inventory.machine.created.v1", "created", registered),
        a_message(1, "created", 1, 1),
    ]
    with pytest.raises((AssertionError, KeyError)):
        History.of([*before, *later])
