"""Responses show machines and pools as their models, and so the API's description, define them."""

import tracemalloc
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_core import to_json

from functions.machines.pools_of import included_pools, with_pools
from functions.machines.views import IncludedPool, MachineWithIncludes, PageInfo, included_pool
from functions.pools.views import IncludedMachine, included_machine
from google_apis.firestore.document_pb2 import Document
from shared.domain.plain import Plain, plain
from shared.edge.machine_view import MachineView, machine_json, machine_message
from shared.edge.pool_view import PoolState, PoolView, pool_json, pool_state
from shared.edge.responses import json_bytes
from shared.pb.inventory.v1.api_pb2 import Pagination
from shared.pb.inventory.v1.documents_pb2 import SerializedDocument
from shared.pb.inventory.v1.machine_pb2 import Machine, MachineStatus
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store.codec import decode_serialized, encode
from tests.unit.messages import messages

STATUSES = (
    MachineStatus.MACHINE_STATUS_CONNECTED,
    MachineStatus.MACHINE_STATUS_DISCONNECTED,
    MachineStatus.MACHINE_STATUS_ERROR,
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)  # others are never stored
PARAMETERS = st.dictionaries(st.text(max_size=3), FINITE | st.integers(-(2**63), 2**63 - 1) | st.none())


def as_stored(machine: Machine) -> Plain:
    """Read a machine from its document, as in lists."""
    serialized = Document(fields=encode(machine)).SerializeToString()
    return decode_serialized(SerializedDocument.FromString(serialized).fields, Machine)


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """Machines with any values that can be shown."""
    machine = draw(messages(Machine))
    machine.status = draw(st.sampled_from(STATUSES))
    machine.ClearField("machine_parameters")
    if (parameters := draw(st.none() | PARAMETERS)) is not None:
        machine.machine_parameters = to_json(parameters).decode()
    return machine


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    """Pools with any values that can be shown."""
    pool = draw(messages(Pool))
    pool.ClearField("pool_parameters")
    if (parameters := draw(st.none() | PARAMETERS)) is not None:
        pool.pool_parameters = to_json(parameters).decode()
    return pool


def fits(model: type[BaseModel], content: dict[str, Any]) -> None:
    """Check that a model has exactly these fields, in this order, and serializes their values equally."""
    body = json_bytes(content)

    assert body.decode() == model.model_validate_json(body).model_dump_json()


@given(machine=machines())
def test_a_machine_is_shown_as_described(machine: Machine) -> None:
    for shown in (plain(machine), as_stored(machine)):
        fits(MachineView, machine_json(shown))
        fits(IncludedMachine, included_machine(shown))


@given(machine=machines())
def test_a_machine_is_shown_alike_as_a_message_and_as_it_is_stored(machine: Machine) -> None:
    shown, listed = machine_json(plain(machine)), machine_json(as_stored(machine))

    assert json_bytes(shown) == json_bytes(listed)


@given(parts=messages(Machine))
def test_labels_are_shown_in_their_order(parts: Machine) -> None:
    for shown in (plain(parts), as_stored(parts)):
        assert sorted(parts.labels) == list(shown["labels"])


def test_a_page_of_parameters_with_very_many_values_takes_little_memory() -> None:
    """As values, they take thirty times their size, so that one page would end an instance of 512 MiB."""
    parameters = '{"a":[' + ",".join(["[]"] * 21_000) + "]}"
    machine, pool = plain(Machine(machine_parameters=parameters)), Pool(pool_parameters=parameters)

    tracemalloc.start()
    try:
        body = json_bytes([[machine_json(machine), pool_json(pool, 1)] for _ in range(10)])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert body.count(parameters.encode()) == 20
    assert most < 4 * len(body)


@given(pool=pools(), members=st.integers(0, 2**31))
def test_a_pool_is_shown_as_described(pool: Pool, members: int) -> None:
    fits(PoolState, pool_state(pool))
    fits(PoolView, pool_json(pool, members))
    fits(IncludedPool, included_pool(pool_json(pool, members)))


@given(machine=machines(), some=st.lists(pools(), max_size=3))
def test_a_machine_is_shown_with_its_pools_as_described(machine: Machine, some: list[Pool]) -> None:
    machine.pool_ids[:] = [pool.id for pool in some]
    shown = {pool.id: pool_json(pool, 1) for pool in some}

    fits(MachineView, with_pools(plain(machine), shown))
    fits(MachineWithIncludes, with_pools(plain(machine), shown) | {"included": included_pools(shown)})


@given(machine=machines(), some=st.lists(pools(), max_size=3))
def test_to_show_a_machine_changes_nothing_that_is_remembered_of_it(
    machine: Machine, some: list[Pool]
) -> None:
    """Cached parts of one machine are used for others with equal values, even of other organizations."""
    machine.pool_ids[:] = [pool.id for pool in some]
    read = as_stored(machine)
    before = deepcopy(read)

    json_bytes([machine_json(read), included_machine(read)])
    json_bytes(with_pools(read, {pool.id: pool_json(pool, 1) for pool in some}))
    machine_message(read)

    assert before == read == as_stored(machine)


@given(pagination=messages(Pagination))
def test_the_place_of_a_page_is_shown_as_described(pagination: Pagination) -> None:
    fits(PageInfo, dict(plain(pagination)))
