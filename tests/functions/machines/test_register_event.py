"""The `machine-created` event, as Google's subscriber client receives it."""

import queue
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from google.cloud.pubsub import SubscriberClient
from google.cloud.pubsub_v1.subscriber.message import Message
from google.protobuf.json_format import ParseDict

from shared.pb.inventory.v1.events_pb2 import MachineCreated
from shared.pb.inventory.v1.machine_pb2 import Machine
from tests.event_log import TIMEOUT, messages
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import PROFILE, a_body, a_full_body
from tests.functions.machines.expectations import PATH, created, problem
from tests.stack import RunningStack


@pytest.fixture
def inbox(
    stack: RunningStack, machines: MachinesApi, subscriber: SubscriberClient
) -> Iterator[queue.Queue[Message]]:
    """Receives the events about new machines of the organization."""
    with messages(subscriber, stack.project, machines.organization.id, "machine-created") as inbox:
        yield inbox


async def test_the_event_carries_the_whole_machine(
    machines: MachinesApi, inbox: queue.Queue[Message]
) -> None:
    body = a_full_body()
    machine_id = created(await machines.register(body))

    machine = MachineCreated.FromString(inbox.get(timeout=TIMEOUT).data).machine

    sent = ParseDict({name: body[name] for name in PROFILE}, Machine())
    for name in PROFILE:
        assert getattr(sent, name) == getattr(machine, name)
    stored = machines.stored(machine_id)
    for name in (
        *("id", "organization_id", "version", "status", "unkey_key_id", "is_available", "name", "hostname"),
        *("agent_version", "os_info", "labels", "machine_parameters"),
    ):
        assert stored[name] == getattr(machine, name)
    for name in ("created_at", "updated_at", "last_seen"):
        assert stored[name] == getattr(machine, name).ToDatetime(UTC)
    shown = await machines.call("GET", f"{PATH}/{machine_id}", headers={"Accept": "application/x-protobuf"})
    assert machine == Machine.FromString(shown.content)


async def test_its_attributes_are_those_of_a_cloud_event(
    machines: MachinesApi, inbox: queue.Queue[Message]
) -> None:
    """With two more to filter by: https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md."""
    machine_id = created(await machines.register(a_body()))

    message = inbox.get(timeout=TIMEOUT)

    # Pub/Sub adds attributes for the topic's schema.
    attributes = {name: text for name, text in message.attributes.items() if "googclient" not in name}
    assert attributes.pop("ce-id")
    assert attributes.pop("ce-source")
    committed = machines.machines().document(machine_id).get().create_time
    assert committed == datetime.fromisoformat(attributes.pop("ce-time"))
    assert {
        "ce-specversion": "1.0",
        "ce-type": "inventory.machine.created.v1",
        "ce-subject": f"machines/{machine_id}",
        "content-type": "application/protobuf",
        "organization_id": machines.organization.id,
        "change": "created",
    } == attributes
    assert machine_id == message.ordering_key


async def test_each_machine_has_one_event_and_what_changed_nothing_has_none(
    machines: MachinesApi, inbox: queue.Queue[Message]
) -> None:
    first, last = a_body(), a_body()
    key = {"Idempotency-Key": "a"}
    ids = [created(await machines.register(first, key))]
    created(await machines.register(first, key))
    problem(await machines.register(first), 409)
    problem(await machines.register(a_body(nics=[])), 400)
    ids.append(created(await machines.register(last)))

    received = [inbox.get(timeout=TIMEOUT) for _ in ids]

    assert sorted(ids) == sorted(MachineCreated.FromString(message.data).machine.id for message in received)
    assert inbox.empty()
    assert len(ids) == len({message.attributes["ce-id"] for message in received})
