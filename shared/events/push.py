"""Push requests of Pub/Sub to a subscriber: a JSON envelope with one event.

For the envelope, see https://cloud.google.com/pubsub/docs/push#receive_push. For the attributes, see the
CloudEvents binding: https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from google.protobuf.message import DecodeError, Message

from shared.domain.errors import UndecodableEvent
from shared.pb.inventory.v1.events_pb2 import MachineCreated, MachineDeleted, MachineUpdated, PoolChanged

M = TypeVar("M", bound=Message)

# The messages of the inventory's events, by `ce-type`.
_TYPES: dict[str, type[Message]] = {
    "inventory.machine.created.v1": MachineCreated,
    "inventory.machine.updated.v1": MachineUpdated,
    "inventory.machine.deleted.v1": MachineDeleted,
    "inventory.pool.changed.v1": PoolChanged,
}


@dataclass(frozen=True, kw_only=True)
class PushedEvent(Generic[M]):
    """An event as one subscription delivers it.

    Attributes:
        id: the `ce-id`, the same however often the event is published and delivered.
        subject: the entity, such as `machines/{id}`.
        time: the commit time of the change.
        organization_id: the organization that owns the entity.
        change: the kind of change.
        message: the data.
        subscription: the full name of the subscription.
        attempt: the number of the delivery, from 1; always 0 if the subscription has no dead-letter topic.
    """

    id: str
    subject: str
    time: datetime
    organization_id: str
    change: str
    message: M
    subscription: str
    attempt: int

    @property
    def version(self) -> int:
        """The version that the change gave to its entity, which orders the entity's changes.

        A subscriber that keeps the entity's state drops events whose version is not greater than the state's.
        Changes of members are not changes of the pool: the machines' versions order them.
        """
        match self.message:
            case MachineCreated(machine=machine):
                return machine.version
            case MachineUpdated(after=machine):
                return machine.version
            case MachineDeleted(version=version) | PoolChanged(version=version):
                return version
            case other:
                raise TypeError(f"{other.DESCRIPTOR.full_name} is no event of the inventory")


def decode(body: bytes, message_type: type[M]) -> PushedEvent[M]:
    """Decode a push request's body.

    Args:
        body: the envelope.
        message_type: the message that the subscription is for, such as `PoolChanged`.

    Raises:
        UndecodableEvent: the body is not an event with that message, so a redelivery would fail too.
    """
    try:
        return _event(json.loads(body), message_type)
    except KeyError as error:
        raise UndecodableEvent(f"the push envelope lacks {error}") from error
    except (ValueError, TypeError, RecursionError, DecodeError) as error:  # invalid JSON, base64 and so on
        raise UndecodableEvent(str(error)) from error


def _event(envelope: dict[str, Any], message_type: type[M]) -> PushedEvent[M]:
    message = envelope["message"]
    attributes = message["attributes"]
    if _TYPES.get(attributes["ce-type"]) is not message_type:
        raise ValueError(f"ce-type {attributes['ce-type']} is not that of {message_type.DESCRIPTOR.name}")
    return PushedEvent(
        id=attributes["ce-id"],
        subject=attributes["ce-subject"],
        time=datetime.fromisoformat(attributes["ce-time"]),
        organization_id=attributes["organization_id"],
        change=attributes["change"],
        message=message_type.FromString(base64.b64decode(message.get("data", ""), validate=True)),
        subscription=envelope["subscription"],
        attempt=int(envelope.get("deliveryAttempt", 0)),
    )
