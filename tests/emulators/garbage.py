"""Invalid requests: well-formed messages with random content, and corrupted messages."""

import random
from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_INTEGERS = [0, 1, -1, 2, 7, 20, 1000, 2**31 - 1, -(2**31)]
_LONG_INTEGERS = [*_INTEGERS, 2**63 - 1, -(2**63), 253_402_300_799]
_DOUBLES = [0.0, -0.0, 1.5, -1.0, float("nan"), float("inf"), float("-inf"), 1e308]
_BYTES = [b"", b"\0", b"\xff" * 16, b"text", bytes(range(16))]
_CHOICES: dict[int, Sequence[object]] = {
    FieldDescriptor.CPPTYPE_BOOL: [False, True],
    FieldDescriptor.CPPTYPE_INT32: _INTEGERS,
    FieldDescriptor.CPPTYPE_INT64: _LONG_INTEGERS,
    FieldDescriptor.CPPTYPE_FLOAT: _DOUBLES,
    FieldDescriptor.CPPTYPE_DOUBLE: _DOUBLES,
}
_DEEPEST = 6

Field = Any
"""A field's descriptor, whose class depends on protobuf's implementation."""


class Garbage:
    """Makes well-formed messages with random content."""

    def __init__(self, chance: random.Random, words: Sequence[str]) -> None:
        """Use these words for strings; some are names of existing resources."""
        self._chance = chance
        self._words = [*words, "", "/", "x", "`", "a.b", "__name__", "é\0", "x" * 2000]

    def like(self, message: Message) -> Message:
        """Make a message of the same type."""
        made = type(message)()
        self._fill(made, 0)
        return made

    def spoilt(self, message: Message) -> bytes:
        """Make a message of the same type, then change some bytes and cut off the end."""
        body = bytearray(self.like(message).SerializeToString() or b"\xff\xff")
        for _ in range(self._chance.randint(1, 4)):
            body[self._chance.randrange(len(body))] = self._chance.randrange(256)
        return bytes(body[: self._chance.randint(1, len(body))])

    def _fill(self, message: Message, depth: int) -> None:
        for field in message.DESCRIPTOR.fields:
            if self._chance.random() < (0.7 if depth == 0 else 0.4):
                self._set(message, field, depth)

    def _set(self, message: Message, field: Field, depth: int) -> None:
        if depth >= _DEEPEST and field.message_type is not None:
            return
        place = getattr(message, field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            self._fill_map(place, field.message_type.fields_by_name["value"], depth)
        elif field.is_repeated:
            for _ in range(self._chance.randint(1, 3)):
                if field.message_type is None:
                    place.append(self._scalar(field))
                else:
                    self._fill(place.add(), depth + 1)
        elif field.message_type is None:
            setattr(message, field.name, self._scalar(field))
        else:
            place.SetInParent()
            self._fill(place, depth + 1)

    def _fill_map(self, place: Any, value: Field, depth: int) -> None:  # noqa: ANN401 - has no type
        key = self._chance.choice(self._words)
        if value.message_type is None:
            place[key] = self._scalar(value)
        else:
            self._fill(place[key], depth + 1)

    def _scalar(self, field: Field) -> object:
        return self._chance.choice(self._choices(field))

    def _choices(self, field: Field) -> Sequence[object]:
        if field.enum_type is not None:
            return [*(value.number for value in field.enum_type.values), 99]
        if field.type == FieldDescriptor.TYPE_BYTES:
            return _BYTES
        return _CHOICES.get(field.cpp_type, self._words)
