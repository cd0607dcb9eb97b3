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


Spec = tuple[tuple[paths.FieldPath, Mode], ...]


def keys(spec: Spec, document: Document, name: bytes) -> tuple[bytes, ...]:
    """Return a document's keys: none if it lacks a field, several if an array is indexed by its elements.

    Args:
        spec: The fields of the index.
        document: The document.
        name: The document's encoded path.
    """
    found = [b""]
    for field, mode in spec:
        if field == paths.NAME:
            parts = [name]
        else:
            value = paths.get(document.fields, field)
            if value is None:
                return ()
            parts = keys_of(value, mode)
        if mode is Mode.DESCENDING:
            parts = [ordering.descending(part) for part in parts]
        found = [key + part for key in found for part in parts]
    return tuple(found)


def keys_of(value: Value, mode: Mode) -> list[bytes]:
    """Return the encoded keys of a value in the index of its field, not yet inverted for descending order."""
    if mode is not Mode.CONTAINS:
        return [ordering.encode(value)]
    return list({ordering.encode(element) for element in value.array_value.values})
