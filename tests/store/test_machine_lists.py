"""Lists of machines and of members: how much is read."""

from collections.abc import AsyncIterator

import pytest

from shared.bootstrap import Inventory, new_id, now
from shared.domain.deadline import Deadline
from shared.domain.errors import Invalid
from shared.domain.machine_filter import LabelSelector, MachineFilter
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store.machine_lists import MachineLists
from shared.store.machine_queries import MAX_ALTERNATIVES
from shared.store.machines import create_machine
from shared.store.member_names import member_names
from shared.store.members import list_members
from tests.control import Control
from tests.relay import watched
from tests.stack import RunningStack

POOL = "pool"
WITHOUT_SPOT = MachineFilter(organization_id="example", labels=(LabelSelector(key="spot", absent=True),))


async def fill(inventory: Inventory, size: int, *, os_info: str = "") -> list[str]:
    """Store members of the pool, each with its own set of label keys; return their ids, newest first."""
    machines = [
        Machine(
            id=new_id(),
            organization_id="example",
            hostname="node",
            os_info=os_info,
            last_seen=now(),
            labels={f"key-{number}": ""},
            pool_ids=[POOL],
        )
        for number in range(size)
    ]
    creates = [create_machine(inventory.firestore, machine) for machine in machines]
    await inventory.firestore.commit(creates, Deadline(10))
    return [machine.id for machine in reversed(machines)]


async def test_a_page_of_more_sets_than_one_query_takes_reads_hardly_further_than_its_end(
    own: Inventory, own_control: Control
) -> None:
    """Each of the eight queries can find all machines that are skipped, and all of the page."""
    ids = await fill(own, 8 * MAX_ALTERNATIVES)
    found = await MachineLists(own.firestore).of(WITHOUT_SPOT, Deadline(10))
    before = await own_control.billed("reads")

    page = await found.page(offset=4, limit=3, deadline=Deadline(10))

    assert ids[4:7] == [machine["id"] for machine in page]
    # Four steps of about a page each, not eight pages.
    assert await own_control.billed("reads") - before < 5 * (4 + 3)


async def test_a_page_of_several_queries_is_rejected_only_if_its_own_machines_are_too_large(
    own: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each query finds old machines that are too large together, of which a page of the newest has none."""
    monkeypatch.setattr("shared.store.machine_lists.MAX_PAGE_BYTES", 16_384)
    large = await fill(own, 4 * MAX_ALTERNATIVES, os_info="x" * 4096)
    small = await fill(own, 8)
    found = await MachineLists(own.firestore).of(WITHOUT_SPOT, Deadline(10))

    page = await found.page(limit=8, deadline=Deadline(10))
    with_large = await found.page(offset=7, limit=4, deadline=Deadline(10))
    with pytest.raises(Invalid):
        await found.page(limit=12, deadline=Deadline(10))

    assert small == [machine["id"] for machine in page]
    assert [small[7], *large[:3]] == [machine["id"] for machine in with_large]


@pytest.fixture
async def received(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[bytearray]:
    """What a client that is made during the test receives from Firestore."""
    async with watched(stack.firestore_emulator_host) as (address, data):
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
        yield data


async def test_of_skipped_machines_only_the_ids_are_read(own: Inventory, received: bytearray) -> None:
    """They can be a whole fleet."""
    ids = await fill(own, MAX_ALTERNATIVES + 1)
    found = await MachineLists(own.firestore).of(WITHOUT_SPOT, Deadline(10))

    assert await found.page(offset=len(ids) + 1, limit=1, deadline=Deadline(10)) == []

    assert all(machine_id.encode() in received for machine_id in ids)
    assert b"hostname" not in received


async def test_of_members_that_are_only_changed_only_the_names_are_read(
    own: Inventory, received: bytearray
) -> None:
    """The cleanup after a pool's deletion reads 250 at once, and one can have 480 KiB."""
    [machine_id] = await fill(own, 1)

    [name] = await member_names(own.firestore, "example", POOL, limit=10, deadline=Deadline(10))

    assert name.endswith(f"/{machine_id}")
    assert name.encode() in received
    assert b"hostname" not in received


async def test_no_search_terms_of_members_are_read(own: Inventory, received: bytearray) -> None:
    """They are larger than all other fields of a machine."""
    [machine_id] = await fill(own, 1)

    [member], _ = await list_members(own.firestore, "example", POOL, limit=10, deadline=Deadline(10))

    assert (member["id"], member["hostname"]) == (machine_id, "node")
    assert b"hostname" in received
    assert b"terms" not in received
