"""The events of the inventory, before they are addressed to Pub/Sub."""

from dataclasses import dataclass

from google.protobuf.message import Message

from shared.pb.inventory.v1.events_pb2 import MachineCreated
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.records_pb2 import OutboxEntry


@dataclass(frozen=True, kw_only=True)
class Event:
    """A change that subscribers hear of.

    Attributes:
        topic: the topic's name, such as `machine-created`.
        type: the CloudEvents type.
        subject: the entity, such as `machines/{id}`.
        entity_id: orders the events of one entity.
        organization_id: whose it is; an attribute to filter by.
        change: the kind of change; an attribute to filter by.
        message: the payload.
    """

    topic: str
    type: str
    subject: str
    entity_id: str
    organization_id: str
    change: str
    message: Message


def machine_created(machine: Machine) -> Event:
    """A machine was registered."""
    return _machine_event(machine, "created", MachineCreated(machine=machine))


def _machine_event(machine: Machine, change: str, message: Message) -> Event:
    return Event(
        topic=f"machine-{change}",
        type=f"inventory.machine.{change}.v1",
        subject=f"machines/{machine.id}",
        entity_id=machine.id,
        organization_id=machine.organization_id,
        change=change,
        message=message,
    )


def outbox_entry(event: Event, event_id: str) -> OutboxEntry:
    """Address an event, ready to be published but for its time, which only the commit gives.

    The attributes are those of the CloudEvents binding for Pub/Sub, in binary mode, and two to filter by:
    https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md
    """
    return OutboxEntry(
        event_id=event_id,
        topic=event.topic,
        ordering_key=event.entity_id,
        attributes={
            "ce-id": event_id,
            "ce-source": f"/organizations/{event.organization_id}",
            "ce-specversion": "1.0",
            "ce-subject": event.subject,
            "ce-type": event.type,
            "content-type": "application/protobuf",
            "organization_id": event.organization_id,
            "change": event.change,
        },
        data=event.message.SerializeToString(),
    )
