"""The keys of documents in indexes, which define their order."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from infra.local.firestore import ordering, paths

if TYPE_CHECKING:
    from google_apis.firestore.document_pb2 import Document, Value


class Mode(Enum):
    """How a field is indexed."""

    ASCENDING = "ascending"
    DESCENDING = "descending"
    CONTAINS = "contains"


IndexField = tuple[paths.FieldPath, Mode]
Spec = tuple[IndexField, ...]


def sort_key(order: Spec, document: Document, name: bytes) -> bytes | None:
    """Return a document's key in a sort order; None if it lacks a field.

    Args:
        order: The fields to sort by, ascending or descending.
        document: The document.
        name: The document's encoded path.
    """
    key = b""
    for field, mode in order:
        if field == paths.NAME:
            part = name
        else:
            value = paths.get(document.fields, field)
            if value is None:
                return None
            part = ordering.encode(value)
        key += ordering.descending(part) if mode is Mode.DESCENDING else part
    return key


def keys_of(value: Value, mode: Mode) -> list[bytes]:
    """Return the encoded keys of a value in the index of its field, not yet inverted for descending order."""
    if mode is not Mode.CONTAINS:
        return [ordering.encode(value)]
    return list({ordering.encode(element) for element in value.array_value.values})
