"""Refusing what is too large as a whole, by the field that makes it so."""

from collections.abc import Container

from google.protobuf.message import Message

from shared.domain.errors import Fault, Invalid

# What the API calls otherwise than the messages do: see proto/inventory/v1/machine.proto.
_NAMES = {"agent_version": "version"}


def too_large(message: Message, sent: Container[str], most: str) -> Invalid:
    """Say what is too large.

    Args:
        message: a machine or a pool.
        sent: names of its fields that the request sets; the largest of these is at fault, or the whole body
            where the request sets none.
        most: how large it may be, with its unit.
    """
    sizes = {
        field.name: _size(message, field.name) for field, _ in message.ListFields() if field.name in sent
    }
    largest = max(sizes, key=sizes.__getitem__, default=None)
    place = ("body",) if largest is None else ("body", _NAMES.get(largest, largest))
    thing = message.DESCRIPTOR.name.lower()
    reason = f"must be smaller: with it the {thing} takes more than {most}"
    return Invalid([Fault(place, "too_large", reason)])


def _size(message: Message, field: str) -> int:
    rest = type(message)()
    rest.CopyFrom(message)
    rest.ClearField(field)
    return message.ByteSize() - rest.ByteSize()
