"""The error for a machine or pool that is too large, which names the largest field."""

from collections.abc import Container

from google.protobuf.message import Message

from shared.domain.errors import Fault, Invalid

# Fields that have another name in the API than in the messages: see proto/inventory/v1/machine.proto.
_NAMES = {"agent_version": "version"}


def too_large(message: Message, sent: Container[str], limit: str) -> Invalid:
    """Return the error for a message that is too large.

    Args:
        message: a machine or a pool.
        sent: the names of the fields that the request sets. The error names the largest of these, or the
            whole body if the request sets none.
        limit: the maximum size, with its unit.
    """
    sizes = {
        field.name: _size(message, field.name) for field, _ in message.ListFields() if field.name in sent
    }
    largest = max(sizes, key=sizes.__getitem__, default=None)
    location = ("body",) if largest is None else ("body", _NAMES.get(largest, largest))
    thing = message.DESCRIPTOR.name.lower()
    reason = f"must be smaller: with it the {thing} takes more than {limit}"
    return Invalid([Fault(location, "too_large", reason)])


def _size(message: Message, field: str) -> int:
    rest = type(message)()
    rest.CopyFrom(message)
    rest.ClearField(field)
    return message.ByteSize() - rest.ByteSize()
