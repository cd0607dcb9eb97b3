"""Field paths, such as `address.street`; names that are not plain identifiers are in backquotes.

https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields
"""

import re
from collections.abc import Iterable, MutableMapping
from functools import lru_cache

from google_apis.firestore.document_pb2 import Value
from infra.local.status_errors import InvalidArgument

FieldPath = tuple[str, ...]
Fields = MutableMapping[str, Value]

NAME: FieldPath = ("__name__",)
MAX_PATH_BYTES = 1500

_SIMPLE = re.compile(r"[a-zA-Z_][a-zA-Z_0-9]*")
_SEGMENT = re.compile(r"([a-zA-Z_][a-zA-Z_0-9]*)|`((?:[^`\\]|\\.)+)`", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@lru_cache(maxsize=4096)
def parse(text: str) -> FieldPath:
    """Parse a field path; raise InvalidArgument if it is not valid."""
    if len(text.encode()) > MAX_PATH_BYTES:
        raise InvalidArgument(f"A field path is longer than {MAX_PATH_BYTES} bytes.")
    segments: list[str] = []
    position = 0
    while True:
        match = _SEGMENT.match(text, position)
        if not match:
            raise InvalidArgument(f'Invalid property path "{text}".')
        segments.append(match[1] or _ESCAPE.sub(r"\1", match[2]))
        position = match.end()
        if position == len(text):
            return tuple(segments)
        if text[position] != ".":
            raise InvalidArgument(f'Invalid property path "{text}".')
        position += 1


def show(path: FieldPath) -> str:
    """Return the text of a field path, the inverse of `parse`."""
    return ".".join(segment if _SIMPLE.fullmatch(segment) else _quote(segment) for segment in path)


def _quote(segment: str) -> str:
    return "`" + segment.replace("\\", "\\\\").replace("`", "\\`") + "`"


def get(fields: Fields, path: FieldPath) -> Value | None:
    """Return the value at a path; None if it does not exist."""
    *parents, last = path
    for segment in parents:
        inner = fields.get(segment)
        if inner is None or not inner.HasField("map_value"):
            return None
        fields = inner.map_value.fields
    return fields.get(last)


def put(fields: Fields, path: FieldPath, value: Value) -> None:
    """Set the value at a path. Missing parents are created, and parents that are not maps are replaced."""
    *parents, last = path
    for segment in parents:
        inner = fields[segment]  # a protobuf map creates missing values
        if not inner.HasField("map_value"):
            inner.map_value.SetInParent()
        fields = inner.map_value.fields
    fields[last].CopyFrom(value)


def remove(fields: Fields, path: FieldPath) -> None:
    """Remove the value at a path, if it exists."""
    *parents, last = path
    for segment in parents:
        inner = fields.get(segment)
        if inner is None or not inner.HasField("map_value"):
            return
        fields = inner.map_value.fields
    if last in fields:
        del fields[last]


def project(source: Fields, target: Fields, chosen: Iterable[FieldPath]) -> None:
    """Copy the values at the chosen paths from `source` to `target`, which is empty."""
    for path in chosen:
        value = get(source, path)
        if value is not None:
            put(target, path, value)
