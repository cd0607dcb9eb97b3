"""Writes of a commit, with their preconditions."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from google.protobuf.message import Message

from google_apis.firestore.document_pb2 import Document
from shared.store.codec import encode
from shared.store.wire_format import Write, write


def create(name: str, message: Message) -> Write:
    """Return the write that creates a document; the commit fails if it exists."""
    return write(update={"name": name, "fields": encode(message)}, current_document={"exists": False})


def replace(name: str, message: Message, seen: Document) -> Write:
    """Return the write that replaces a document; the commit fails if it changed after it was read."""
    return write(
        update={"name": name, "fields": encode(message)}, current_document={"update_time": seen.update_time}
    )


def update(
    message: Message,
    fields: Iterable[str],
    seen: Document,
    extra: Mapping[str, Any] = MappingProxyType({}),
    *,
    merged: bytes = b"",
) -> Write:
    """Return the write of some fields of a document; the commit fails if it changed after it was read.

    All other fields stay unchanged, including those that a newer release may have written.

    Args:
        message: the message with the fields.
        fields: the names of the fields.
        seen: the document that was read.
        extra: fields that the message does not have, as Firestore values; a field that is None is deleted,
            unless it is in `merged`.
        merged: more such values, serialized.
    """
    names = list(fields)
    values = {name: value for name, value in extra.items() if value is not None}
    return write(
        update={"name": seen.name, "fields": encode(message, names) | values},
        update_mask={"field_paths": [*names, *extra]},
        current_document={"update_time": seen.update_time},
        merged=merged,
    )


def remove_from_array(name: str, field: str, value: str) -> Write:
    """Return the write that removes a value from an array; the commit fails if the document is missing.

    Other changes of the document do not conflict with it.
    """
    removal = {"field_path": field, "remove_all_from_array": {"values": [{"string_value": value}]}}
    return write(
        update={"name": name}, update_mask={}, update_transforms=[removal], current_document={"exists": True}
    )


def delete(name: str) -> Write:
    """Return the write that deletes a document if it exists."""
    return write(delete=name)


def delete_seen(seen: Document) -> Write:
    """Return the write that deletes a document; the commit fails if it changed after it was read."""
    return write(delete=seen.name, current_document={"update_time": seen.update_time})
