"""The `pool-changed` events, as Google's subscriber client receives them."""

from datetime import datetime

from shared.pb.inventory.v1.events_pb2 import PoolChanged
from tests.event_log import TIMEOUT
from tests.functions.pools.api import PoolsApi
from tests.functions.pools.inbox import Inbox


def versions_of(event: PoolChanged) -> dict[str, int]:
    """Return the ids of an event's machines, with their versions."""
    versions = {machine.id: machine.version for machine in event.machines}
    assert len(versions) == len(event.machines)
    return versions


async def test_each_change_of_a_pool_is_an_event_with_its_state(pools: PoolsApi, inbox: Inbox) -> None:
    created = await pools.create(name="a", pool_parameters={"x": 1})
    await pools.update(created["id"], {"name": "b", "pool_parameters": None})
    await pools.delete(created["id"])

    (first, creation), (second, update), (third, deletion) = inbox.next_several(3)

    assert [first, second, third] == ["created", "updated", "deleted"]
    assert [creation.version, update.version, deletion.version] == [1, 2, 3]
    assert [event.pool.version for event in (creation, update, deletion)] == [1, 2, 2]
    pool = creation.pool
    assert (created["id"], pools.organization.id) == (pool.id, pool.organization_id)
    assert (pool.name, pool.pool_parameters) == ("a", '{"x":1}')
    assert datetime.fromisoformat(created["created_at"]).timestamp() == pool.created_at.ToMicroseconds() / 1e6
    assert (update.pool.name, update.pool.HasField("pool_parameters")) == ("b", False)
    assert update.pool == deletion.pool
    assert {} == versions_of(creation) == versions_of(update) == versions_of(deletion)


async def test_its_attributes_are_those_of_a_cloud_event(pools: PoolsApi, inbox: Inbox) -> None:
    created = await pools.create()

    message = inbox.messages.get(timeout=TIMEOUT)

    # Pub/Sub adds attributes for the topic's schema.
    attributes = {name: text for name, text in message.attributes.items() if "googclient" not in name}
    assert attributes.pop("ce-id")
    assert attributes.pop("ce-source")
    document = pools.store.document("organizations", pools.organization.id, "pools", created["id"]).get()
    assert document.create_time == datetime.fromisoformat(attributes.pop("ce-time"))
    assert {
        "ce-specversion": "1.0",
        "ce-type": "inventory.pool.changed.v1",
        "ce-subject": f"pools/{created['id']}",
        "content-type": "application/protobuf",
        "organization_id": pools.organization.id,
        "change": "created",
    } == attributes
    assert created["id"] == message.ordering_key


async def test_the_event_has_the_versions_that_an_assignment_gave_machines(
    pools: PoolsApi, inbox: Inbox
) -> None:
    created = await pools.create()
    first, second, third = await pools.register_several(3)
    await pools.add(created["id"], [first])
    await pools.add(created["id"], [first, second, third])
    await pools.remove(created["id"], [third, first])

    _, *changes = inbox.next_several(4)

    assert [
        ("machines_added", {first: 2}),
        ("machines_added", {second: 2, third: 2}),
        ("machines_removed", {third: 3, first: 3}),
    ] == [(kind, versions_of(event)) for kind, event in changes]
    assert all((event.pool.name, event.version) == ("a pool", 1) for _, event in changes)


async def test_a_replacement_has_one_event_for_each_pool_that_changed(pools: PoolsApi, inbox: Inbox) -> None:
    left, kept, joined = [(await pools.create())["id"] for _ in range(3)]
    machine = await pools.register()
    path = f"/v1/machines/{machine}/pools"
    await pools.call("PUT", path, {"pool_ids": [left, kept]})
    await pools.call("PUT", path, {"pool_ids": [kept, joined]})

    events = inbox.next_several(3 + 2 + 2)[3:]

    assert {
        (left, "machines_added", 2),
        (kept, "machines_added", 2),
        (joined, "machines_added", 3),
        (left, "machines_removed", 3),
    } == {(event.pool.id, kind, versions_of(event)[machine]) for kind, event in events}


async def test_what_changes_nothing_has_no_event(pools: PoolsApi, inbox: Inbox) -> None:
    created = await pools.create(name="a")
    member, free = await pools.register_several(2)
    await pools.add(created["id"], [member])

    await pools.update(created["id"], {"name": "a", "description": None})
    await pools.add(created["id"], [member, member])
    await pools.remove(created["id"], [free])
    await pools.call("PUT", f"/v1/machines/{member}/pools", {"pool_ids": [created["id"]]})
    await pools.call("POST", f"/v1/pools/{created['id']}/machines", {"machine_ids": []})
    await pools.call("PATCH", f"/v1/pools/{created['id']}", {"name": "b"}, {"If-Match": '"7"'})
    await pools.delete(created["id"])

    kinds = [kind for kind, _ in inbox.next_several(3)]
    assert kinds == ["created", "machines_added", "deleted"]
