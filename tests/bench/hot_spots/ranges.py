"""Find the keys that a write adds to Firestore: the document's name, and its entries in indexes.

Firestore stores both in tables, ordered by their bytes, and splits the tables by key ranges:
https://cloud.google.com/firestore/native/docs/understand-reads-writes-scale
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import product
from typing import NamedTuple, Self

from google_apis.firestore.document_pb2 import Document, Value
from google_apis.firestore.write_pb2 import Write
from infra.local.firestore import ordering, paths
from infra.local.firestore.index_keys import Mode, Spec, keys_of
from infra.local.firestore.indexes import Indexes

_ARROWS = {Mode.ASCENDING: "↑", Mode.DESCENDING: "↓", Mode.CONTAINS: "∋"}
_NAME = "__name__"


class Layout(Enum):
    """The order of the parts of an index entry's key, which Firestore does not document.

    An index with collection scope serves one collection at a time, so either order is possible.
    """

    COLLECTION_FIRST = "collection, index, values, name"
    INDEX_FIRST = "index, collection, values, name"


class Key(NamedTuple):
    """A key, and its kind: the documents or an index of all collections with one id."""

    place: bytes
    kind: str


@dataclass(frozen=True)
class Written:
    """A document after a write, and the fields that the write can have changed."""

    document: Document
    fields: frozenset[str]

    @classmethod
    def created(cls, document: Document) -> Self:
        """Return the write of a new document."""
        return cls(document, frozenset(document.fields) | {_NAME})

    @classmethod
    def changed(cls, before: Write, change: Write) -> Self:
        """Return the second of two writes of a document, which changes some of its top-level fields."""
        changed = frozenset(change.update_mask.field_paths)
        after = Document(name=before.update.name)
        for field in {*before.update.fields, *change.update.fields}:
            source = change if field in changed else before
            if field in source.update.fields:
                after.fields[field].CopyFrom(source.update.fields[field])
        return cls(after, changed)

    @property
    def path(self) -> str:
        """The document's path below `documents/`."""
        return self.document.name.partition("/documents/")[2]


class Keys:
    """Finds the keys of writes.

    Args:
        indexes: the indexes of the database.
        layout: the order of the parts of their entries' keys.
    """

    def __init__(self, indexes: Indexes, layout: Layout) -> None:
        self._indexes = indexes
        self._layout = layout
        self._of_field = lru_cache(maxsize=None)(self._find_of_field)
        # Maps that contain fields with their own indexes. Other fields have the indexes of their map, if any.
        self._maps = {
            (collection, path[:length])
            for collection, path in indexes.overrides
            for length in range(1, len(path))
        }

    def of(self, written: Written) -> Iterator[Key]:
        """Yield the keys that a write adds."""
        parent, _, _ = written.path.rpartition("/")
        collection = parent.rpartition("/")[2]
        name = ordering.encode_path(written.path)
        if _NAME in written.fields:
            yield Key(b"documents " + name, f"{collection}: documents")
        place = ordering.encode_collection(parent)
        fields = {field: value for field, value in written.document.fields.items() if field in written.fields}
        yield from self._singles(collection, place, fields, (), name)
        yield from self._composites(collection, place, written, name)

    def _singles(
        self,
        collection: str,
        place: bytes,
        fields: Mapping[str, Value],
        parents: paths.FieldPath,
        name: bytes,
    ) -> Iterator[Key]:
        for field, value in fields.items():
            path = (*parents, field)
            found = self._of_field(collection, path)
            for index, kind, is_group, mode in found:
                for key in keys_of(value, mode):
                    entry = ordering.descending(key + name) if mode is Mode.DESCENDING else key + name
                    yield Key(self._join(index, b"" if is_group else place, entry), kind)
            if value.HasField("map_value") and (found or (collection, path) in self._maps):
                yield from self._singles(collection, place, value.map_value.fields, path, name)

    def _find_of_field(self, collection: str, path: paths.FieldPath) -> list[tuple[bytes, str, bool, Mode]]:
        found = []
        for is_group, mode in product((False, True), Mode):
            if self._indexes.has_single(collection, path, mode, group=is_group):
                fields = _ending_with_name(((path, mode),))
                found.append((_index(collection, fields), _kind(collection, fields), is_group, mode))
        return found

    def _composites(self, collection: str, place: bytes, written: Written, name: bytes) -> Iterator[Key]:
        for composite in self._indexes.composites or ():
            is_written = any(path[0] in written.fields for path, _ in composite.fields)
            if composite.collection == collection and is_written:
                fields = _ending_with_name(composite.fields)
                start = b"" if composite.group else place
                for entry in _entries(fields, written.document, name):
                    yield Key(self._join(_index(collection, fields), start, entry), _kind(collection, fields))

    def _join(self, index: bytes, collection: bytes, entry: bytes) -> bytes:
        if self._layout is Layout.INDEX_FIRST:
            return b"entries " + index + collection + entry
        return b"entries " + collection + index + entry


def _entries(fields: Spec, document: Document, name: bytes) -> Iterator[bytes]:
    """Return a document's keys in an index: none if it lacks a field, several if it has an indexed array."""
    return map(b"".join, product(*(_parts(path, mode, document, name) for path, mode in fields)))


def _parts(path: paths.FieldPath, mode: Mode, document: Document, name: bytes) -> list[bytes]:
    value = paths.get(document.fields, path)
    parts = [name] if path == paths.NAME else [] if value is None else keys_of(value, mode)
    return list(map(ordering.descending, parts)) if mode is Mode.DESCENDING else parts


def _ending_with_name(fields: Spec) -> Spec:
    """Add the name, in the direction of the last field, if it is not there."""
    path, mode = fields[-1]
    if path == paths.NAME:
        return fields
    return (*fields, (paths.NAME, Mode.DESCENDING if mode is Mode.DESCENDING else Mode.ASCENDING))


def _index(collection: str, fields: Spec) -> bytes:
    """Return the key part that identifies an index, with the names of its fields in order."""
    return repr((collection, [(path, mode.value) for path, mode in fields])).encode()


def _kind(collection: str, fields: Spec) -> str:
    """Return the name of an index's kind; indexes of all fields of a map are one kind."""
    shown = ((f"{path[0]}.*" if len(path) > 1 else path[0], mode) for path, mode in fields)
    return f"{collection}: " + ", ".join(f"{name} {_ARROWS[mode]}" for name, mode in shown)
