"""The events of the inventory, and their form as Pub/Sub messages."""

from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf.message import Message

from shared.domain.machine_change import MachineChange
from shared.pb.inventory.v1.events_pb2 import (
    MachineCreated,
    MachineDeleted,
    MachineUpdated,
    MachineVersion,
    PoolChange,
    PoolChanged,
)
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.pb.inventory.v1.records_pb2 import OutboxEntry


@dataclass(frozen=True, kw_only=True)
class Event:
    """A change that is published to subscribers.

    Attributes:
        topic: the topic's name, such as `machine-created`.
        type: the CloudEvents type.
        subject: the entity, such as `machines/{id}`.
        ordering_key: the id of the entity, whose events it orders.
        organization_id: the organization that owns the entity; an attribute for filters.
        change: the kind of change; an attribute for filters.
        message: the data.
    """

    topic: str
    type: str
    subject: str
    ordering_key: str
    organization_id: str
    change: str
    message: Message


def machine_created(machine: Machine) -> Event:
    """Return the event of a machine's registration."""
    return _machine_event(machine, "created", MachineCreated(machine=machine))


def machine_updated(change: MachineChange) -> Event:
    """Return the event of a machine's change."""
    message = MachineUpdated(before=change.before, after=change.after, changed_fields=change.fields)
    return _machine_event(change.after, "updated", message)


def machine_deleted(machine: Machine) -> Event:
    """Return the event of a machine's deletion, with its last state."""
    return _machine_event(machine, "deleted", MachineDeleted(machine=machine, version=machine.version + 1))


def pool_changed(pool: Pool, change: PoolChange, machines: Iterable[MachineVersion] = ()) -> Event:
    """Return the event of a change of a pool or of its members.

    Args:
        pool: the pool after the change; if it was deleted, its last state.
        change: the kind of change.
        machines: the machines that were added or removed, with their versions after the change.
    """
    deleted = change == PoolChange.POOL_CHANGE_DELETED
    return Event(
        topic="pool-changed",
        type="inventory.pool.changed.v1",
        subject=f"pools/{pool.id}",
        ordering_key=pool.id,
        organization_id=pool.organization_id,
        change=PoolChange.Name(change).removeprefix("POOL_CHANGE_").lower(),
        message=PoolChanged(pool=pool, change=change, machines=machines, version=pool.version + deleted),
    )


def _machine_event(machine: Machine, change: str, message: Message) -> Event:
    return Event(
        topic=f"machine-{change}",
        type=f"inventory.machine.{change}.v1",
        subject=f"machines/{machine.id}",
        ordering_key=machine.id,
        organization_id=machine.organization_id,
        change=change,
        message=message,
    )


def outbox_entry(event: Event, event_id: str, *, attempt: int) -> OutboxEntry:
    """Return an event's outbox entry. It lacks only the event's time, which the commit determines.

    The entry names the attempt of the change that commits it.

    The attributes are those of the CloudEvents binding for Pub/Sub, in binary mode, and two for filters:
    https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md
    """
    return OutboxEntry(
        event_id=event_id,
        topic=event.topic,
        ordering_key=event.ordering_key,
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
        attempt=attempt,
    )
