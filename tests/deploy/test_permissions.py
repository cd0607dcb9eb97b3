"""The permissions of each function in the topology, compared with its code."""

import ast
from pathlib import Path

import pytest

from infra.local import topology
from shared.domain import events
from shared.domain.events import Event
from shared.domain.machine_change import MachineChange
from shared.pb.inventory.v1.events_pb2 import PoolChange
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool

TOPOLOGY = topology.load(topology.DEFAULT_FILE)
EVENTS: dict[str, Event] = {
    "machine_created": events.machine_created(Machine()),
    "machine_updated": events.machine_updated(MachineChange(before=Machine(), after=Machine(), fields=[])),
    "machine_deleted": events.machine_deleted(Machine()),
    "pool_changed": events.pool_changed(Pool(), PoolChange.POOL_CHANGE_CREATED),
}


def attributes(folder: Path) -> set[str]:
    """Return the names of all attributes in the code of a folder."""
    return {
        node.attr
        for file in folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
    }


@pytest.mark.parametrize("function", TOPOLOGY.functions.values(), ids=TOPOLOGY.functions)
def test_a_function_may_publish_the_events_that_its_code_makes_and_no_others(
    function: topology.Function,
) -> None:
    """Only the relay publishes events from other functions."""
    makes = {event.topic for name, event in EVENTS.items() if name in attributes(function.source.parent)}
    relays = {topic.name for topic in TOPOLOGY.topics.values() if topic.message}

    assert (relays if function.name == "outbox_relay" else makes) == set(function.publishes)
