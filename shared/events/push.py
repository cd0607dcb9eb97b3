"""What Pub/Sub pushes to a subscriber: an envelope of JSON around one event.

https://cloud.google.com/pubsub/docs/push#receive_push, and for the attributes the CloudEvents binding:
https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md
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

TYPES: dict[str, type[Message]] = {
    "inventory.machine.created.v1": MachineCreated,
    "inventory.machine.updated.v1": MachineUpdated,
    "inventory.machine.deleted.v1": MachineDeleted,
    "inventory.pool.changed.v1": PoolChanged,
}
"""The messages of the inventory's events, by `ce-type`."""


@dataclass(frozen=True, kw_only=True)
class PushedEvent(Generic[M]):
    """An event as one subscription delivers it.

    Attributes:
        id: the `ce-id`, the same however often the event is published and delivered.
        subject: the entity, such as `machines/{id}`.
        time: when the change was committed.
        organization_id: whose entity it is.
        change: the kind of change.
        message: the payload.
        subscription: the full name of the subscription.
        attempt: 1 for the first delivery, where the subscription has a dead-letter topic; else 0.
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
        """The change's place in the order of its entity's changes.

        A subscriber that keeps a state of the entity drops what is not newer than that state. Members that
        join and leave a pool do not count as changes of it: their order is in the machines' versions.
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
    """Read a push request's body.

    Args:
        body: the envelope.
        message_type: the one message that the subscription is for, such as `PoolChanged`.

    Raises:
        UndecodableEvent: it is no event of that message, and never will be.
    """
    try:
        envelope = json.loads(body)
        message = envelope["message"]
        return _event(envelope, message, message["attributes"], message_type)
    except KeyError as error:
        raise UndecodableEvent(f"the push envelope lacks {error}") from error
    except (ValueError, TypeError, RecursionError, DecodeError) as error:  # no JSON, base64, time or protobuf
        raise UndecodableEvent(str(error)) from error


def _event(
    envelope: dict[str, Any], message: dict[str, Any], attributes: dict[str, str], message_type: type[M]
) -> PushedEvent[M]:
    if TYPES.get(attributes["ce-type"]) is not message_type:
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
