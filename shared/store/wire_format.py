"""Commits that are joined from serialized parts.

A machine has some 250 search terms, each of which is a map entry with a constant value. To build and
serialize a message for each takes a tenth of a registration's CPU time, although nearly all of their bytes
are known in advance. This module relies on two properties of protobuf's encoding. A field of bytes, text or a
message is its number, its length and its content. The concatenated encodings of two messages are the encoding
of both merged. https://protobuf.dev/programming-guides/encoding/#length-types and #last-one-wins
"""

import functools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from google_apis.firestore import write_pb2
from google_apis.firestore.document_pb2 import Document, MapValue, Value
from google_apis.firestore.firestore_pb2 import CommitRequest

_LENGTH_DELIMITED = 2
_SEVEN_BITS, _MORE_FOLLOW = 0x7F, 0x80

_WRITES = CommitRequest.DESCRIPTOR.fields_by_name["writes"].number
_UPDATE = write_pb2.Write.DESCRIPTOR.fields_by_name["update"].number
_FIELDS = Document.DESCRIPTOR.fields_by_name["fields"].number
_MAP_VALUE = Value.DESCRIPTOR.fields_by_name["map_value"].number
_ENTRIES = MapValue.DESCRIPTOR.fields_by_name["fields"].number
_KEY, _VALUE = 1, 2  # of an entry, in every map: https://protobuf.dev/programming-guides/encoding/#maps


class Write(NamedTuple):
    """A write.

    Attributes:
        updated: the name of the document that it creates or changes; empty if it deletes one.
        content: the write, as a part of a serialized `CommitRequest` or `BatchWriteRequest`.
    """

    updated: str
    content: bytes


def write(*, merged: bytes = b"", **fields: Any) -> Write:  # noqa: ANN401 - as the constructor has it
    """Serialize a write.

    Args:
        merged: a serialized part of the write.
        fields: the rest, as arguments of the constructor of `google.firestore.v1.Write`.
    """
    message = write_pb2.Write(**fields)
    return Write(message.update.name, _field(_WRITES, message.SerializeToString() + merged))


def commit(database: str, writes: Iterable[Write], transaction: bytes = b"") -> bytes:
    """Serialize a commit."""
    head = CommitRequest(database=database, transaction=transaction).SerializeToString()
    return head + b"".join(write.content for write in writes)


def key_set(name: str, prefixed: Iterable[tuple[str, Sequence[str]]]) -> bytes:
    """Return the part of a write that sets a field of its document to a map of keys, each with `true`.

    Args:
        name: the field's name.
        prefixed: the keys, as prefixes with the suffixes of each. The suffixes of a prefix must have the same
            length, because their entries share one frame. A key can occur twice.
    """
    value = _field(
        _MAP_VALUE, b"".join(_entries(prefix, suffixes) for prefix, suffixes in prefixed if suffixes)
    )
    return _field(_UPDATE, _field(_FIELDS, _field(_KEY, name.encode()) + _field(_VALUE, value)))


def _entries(prefix: str, suffixes: Sequence[str]) -> bytes:
    head, tail = _frame(len(prefix) + len(suffixes[0]))
    entries = f"{head}{prefix}{f'{tail}{head}{prefix}'.join(suffixes)}{tail}"
    if entries.isascii():  # then each character is one byte, and so is each length
        return entries.encode()
    return b"".join(_entry((prefix + suffix).encode()) for suffix in suffixes)


@functools.cache
def _frame(length: int) -> tuple[str, str]:
    """Return the text before and after a key of a given length in its map entry."""
    entry = _entry(bytes(length)).decode("latin-1")
    behind = len(entry) - len(_PRESENT)
    return entry[: behind - length], entry[behind:]


def _entry(key: bytes) -> bytes:
    return _field(_ENTRIES, _field(_KEY, key) + _PRESENT)


def _field(number: int, content: bytes) -> bytes:
    return _header(number, len(content)) + content


def _header(number: int, length: int) -> bytes:
    header = bytearray([number << 3 | _LENGTH_DELIMITED])
    while length > _SEVEN_BITS:
        header.append(length & _SEVEN_BITS | _MORE_FOLLOW)
        length >>= 7
    header.append(length)
    return bytes(header)


_PRESENT = _field(_VALUE, Value(boolean_value=True).SerializeToString())
