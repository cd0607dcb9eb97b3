"""The writes of a commit, each with the precondition that makes it safe."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from google.protobuf.message import Message

from google_apis.firestore.document_pb2 import Document
from shared.store.codec import encode
from shared.store.wire_format import Write, write


def create(name: str, message: Message) -> Write:
    """Create a document; the commit is refused where one exists."""
    return write(update={"name": name, "fields": encode(message)}, current_document={"exists": False})


def replace(name: str, message: Message, seen: Document) -> Write:
    """Replace a document; the commit is refused where it is not the one that was seen."""
    return write(
        update={"name": name, "fields": encode(message)}, current_document={"update_time": seen.update_time}
    )


def update(
    message: Message,
    fields: Iterable[str],
    seen: Document,
    beside: Mapping[str, Any] = MappingProxyType({}),
    *,
    merged: bytes = b"",
) -> Write:
    """Write some fields of a document; the commit is refused where it is not the one that was seen.

    Fields that are not named stay, and so do those that a newer release may have written there.

    Args:
        message: has the fields.
        fields: their names.
        seen: the document.
        beside: fields that the message does not have, as values of Firestore's; one of None is deleted, if
            it is not in `merged`.
        merged: more such values, serialized.
    """
    names = list(fields)
    values = {name: value for name, value in beside.items() if value is not None}
    return write(
        update={"name": seen.name, "fields": encode(message, names) | values},
        update_mask={"field_paths": [*names, *beside]},
        current_document={"update_time": seen.update_time},
        merged=merged,
    )


def remove_from_array(name: str, field: str, value: str) -> Write:
    """Take a value out of an array, whatever else changes; the commit is refused where no document is."""
    removal = {"field_path": field, "remove_all_from_array": {"values": [{"string_value": value}]}}
    return write(
        update={"name": name}, update_mask={}, update_transforms=[removal], current_document={"exists": True}
    )


def delete(name: str) -> Write:
    """Delete a document, if it exists."""
    return write(delete=name)


def delete_seen(seen: Document) -> Write:
    """Delete a document; the commit is refused where it is not the one that was seen."""
    return write(delete=seen.name, current_document={"update_time": seen.update_time})
