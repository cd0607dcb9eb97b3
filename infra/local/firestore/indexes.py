"""The existing indexes: automatic single-field indexes, exemptions from them, and composite indexes.

The file has the format of the Firebase CLI: https://firebase.google.com/docs/reference/firestore/indexes
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from google_apis.firestore.document_pb2 import Document, Value
from infra.local.command import EmulatorError
from infra.local.firestore import ordering, paths
from infra.local.firestore.index_keys import Mode, Spec, keys_of
from infra.local.firestore.values import Field
from infra.local.status_errors import InvalidArgument

MAX_ENTRIES = 40_000
_SECTIONS = ("indexes", "fieldOverrides")
_ORDERS = {"ASCENDING": Mode.ASCENDING, "DESCENDING": Mode.DESCENDING}
_COLLECTION = "COLLECTION"
_GROUP = "COLLECTION_GROUP"
_AUTOMATIC = frozenset((_COLLECTION, mode) for mode in Mode)


@dataclass(frozen=True, slots=True)
class Composite:
    """A composite index.

    Attributes:
        collection: The id of the indexed collections.
        group: Whether it is for queries of the collection group instead of one collection.
        fields: Its fields, in order. If the last is not the document's name, the name follows implicitly, in
            the direction of the last field.
    """

    collection: str
    group: bool
    fields: Spec

    @property
    def complete(self) -> Spec:
        """Its fields, in order, and the document's name."""
        return _complete(self.fields)


@dataclass(frozen=True, slots=True)
class Indexes:
    """The indexes of every database of an emulator.

    Attributes:
        composites: The composite indexes; None if every index that a query needs is assumed to exist.
        overrides: The scopes and modes of a field's indexes, by collection id and field (`*` for all fields).
        ttls: The fields with the expiration times of documents, each with the collection id.
    """

    composites: tuple[Composite, ...] | None = None
    overrides: Mapping[tuple[str, paths.FieldPath], frozenset[tuple[str, Mode]]] = field(default_factory=dict)
    ttls: tuple[tuple[str, paths.FieldPath], ...] = ()

    def has_single(self, collection: str, path: paths.FieldPath, mode: Mode, *, group: bool) -> bool:
        """Return whether an index of one field exists."""
        return (_GROUP if group else _COLLECTION, mode) in self._single(collection, path)

    def _single(self, collection: str, path: paths.FieldPath) -> frozenset[tuple[str, Mode]]:
        """Return a field's indexes; it inherits the override of the map that contains it or of all fields."""
        for length in range(len(path), 0, -1):
            override = self.overrides.get((collection, path[:length]))
            if override is not None:
                return override
        return self.overrides.get((collection, ("*",)), _AUTOMATIC)

    def declared(self, collection: str, *, group: bool) -> Iterator[tuple[Spec, Field | None]]:
        """Yield the declared indexes of a collection or group: a sort order, and a field to find values of.

        The last field of a composite index is its sort order, unless it is an array, which cannot be one. An
        index of a single field finds values, in the order of names. If it is ascending, it also sorts;
        queries that only find values mostly want the latest names first, and so a descending index.
        """
        for composite in self.composites or ():
            if (composite.collection, composite.group) == (collection, group):
                fields = composite.fields
                leading = fields if fields[-1][1] is Mode.CONTAINS else fields[:-1]
                for path, mode in leading:
                    yield composite.complete[len(leading) :], Field.of(path, mode)
        scope = _GROUP if group else _COLLECTION
        for (owner, path), indexes in self.overrides.items():
            for indexed, mode in indexes:
                if (owner, indexed) == (collection, scope):
                    complete = _complete(((path, mode),))
                    yield complete[1:], Field.of(path, mode)
                    if mode is Mode.ASCENDING:
                        yield complete, None

    def check_entries(self, collection: str, document: Document) -> None:
        """Check that a document does not have too many entries in single-field indexes."""
        count = sum(self._entries(collection, document.fields, ()))
        if count > MAX_ENTRIES:
            raise InvalidArgument(f"A document has at most {MAX_ENTRIES} index entries, not {count}.")

    def _entries(
        self, collection: str, fields: Mapping[str, Value], parents: paths.FieldPath
    ) -> Iterator[int]:
        for name, value in fields.items():
            path = (*parents, name)
            for _, mode in self._single(collection, path):
                yield len(keys_of(value, mode))
            if ordering.is_map(value):
                yield from self._entries(collection, value.map_value.fields, path)


def read(file: Path) -> Indexes:
    """Read an index file in JSON or YAML; if it has a section `firestore`, read only that.

    Raises:
        EmulatorError: The file cannot be used.
    """
    try:
        content = _configuration(yaml.safe_load(file.read_bytes()))
        composites, overrides = (_objects(content, section) for section in _SECTIONS)
        return Indexes(
            composites=tuple(map(_composite, composites)),
            overrides={
                (_text(entry, "collectionGroup"), _path(entry)): frozenset(
                    map(_single, _objects(entry, "indexes"))
                )
                for entry in overrides
                if "indexes" in entry
            },
            ttls=tuple(
                (_text(entry, "collectionGroup"), _path(entry)) for entry in overrides if entry.get("ttl")
            ),
        )
    except OSError as error:
        raise EmulatorError(f"{file}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise EmulatorError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    except (TypeError, ValueError, InvalidArgument) as error:
        raise EmulatorError(f"{file} is no index file: {' '.join(str(error).split())}") from error


def _complete(fields: Spec) -> Spec:
    """Return the fields of an index with the document's name, which follows in the direction of the last."""
    last, mode = fields[-1]
    if last == paths.NAME:
        return fields
    return (*fields, (paths.NAME, Mode.DESCENDING if mode is Mode.DESCENDING else Mode.ASCENDING))


def _configuration(content: object) -> dict[str, Any]:
    """Return what has the sections. A misspelled one would mean that no index exists."""
    if isinstance(content, dict):
        content = content.get("firestore", content)
    if not isinstance(content, dict):
        raise TypeError("it has no sections")
    if unknown := content.keys() - set(_SECTIONS):
        raise ValueError(f"the section {min(map(str, unknown))} is none of {', '.join(_SECTIONS)}")
    return content


def _objects(content: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = content.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise TypeError(f"{name} is not a list of objects")
    return entries


def _text(entry: dict[str, Any], name: str) -> str:
    text = entry.get(name)
    if not isinstance(text, str):
        raise TypeError(f"{json.dumps(entry, default=str, skipkeys=True)} needs {name} as text")
    return text


def _composite(entry: dict[str, Any]) -> Composite:
    fields = tuple((_path(part), _mode(part)) for part in _objects(entry, "fields"))
    if not fields:
        raise ValueError("an index without fields")
    return Composite(_text(entry, "collectionGroup"), _scope(entry) == _GROUP, fields)


def _single(entry: dict[str, Any]) -> tuple[str, Mode]:
    return _scope(entry), _mode(entry)


def _scope(entry: dict[str, Any]) -> str:
    scope: str = entry.get("queryScope", _COLLECTION)
    if scope not in (_COLLECTION, _GROUP):
        raise ValueError(f"queryScope: {scope} is neither {_COLLECTION} nor {_GROUP}")
    return scope


def _path(entry: dict[str, Any]) -> paths.FieldPath:
    path = _text(entry, "fieldPath")
    return ("*",) if path == "*" else paths.parse(path)


def _mode(entry: dict[str, Any]) -> Mode:
    if "arrayConfig" in entry:
        return Mode.CONTAINS
    order = _text(entry, "order")
    if order not in _ORDERS:
        raise ValueError(f"order: {order} is neither {' nor '.join(_ORDERS)}")
    return _ORDERS[order]
