"""Which indexes there are: those that Firestore makes by itself, exemptions from that, and composite ones.

The file is in the Firebase CLI's form: https://firebase.google.com/docs/reference/firestore/indexes
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from google_apis.firestore.document_pb2 import Document, Value
from infra.local.command import EmulatorError
from infra.local.firestore import ordering, paths
from infra.local.firestore.index import Mode, keys_of
from infra.local.refusals import InvalidArgument

MOST_ENTRIES = 40_000
_COLLECTION = "COLLECTION"
_GROUP = "COLLECTION_GROUP"
_AUTOMATIC = frozenset((_COLLECTION, mode) for mode in Mode)


@dataclass(frozen=True, slots=True)
class Composite:
    """A composite index.

    Attributes:
        collection: The id of the collections that it is about.
        group: Whether it serves queries of the collection group, or those of one collection.
        fields: Its fields in their order; then the name, in the last one's direction, if it is not there.
    """

    collection: str
    group: bool
    fields: tuple[tuple[paths.FieldPath, Mode], ...]


@dataclass(frozen=True, slots=True)
class Indexes:
    """The indexes of every database of an emulator.

    Attributes:
        composites: The composite indexes; None if every index that a query needs is taken to be there.
        overrides: By collection id and field, or `*` for all, the scopes and modes of the field's indexes.
        ttls: Collection ids and their fields that say when a document expires.
    """

    composites: tuple[Composite, ...] | None = None
    overrides: Mapping[tuple[str, paths.FieldPath], frozenset[tuple[str, Mode]]] = field(default_factory=dict)
    ttls: tuple[tuple[str, paths.FieldPath], ...] = ()

    def has_single(self, collection: str, path: paths.FieldPath, mode: Mode, *, group: bool) -> bool:
        """Tell whether there is an index of one field."""
        return (_GROUP if group else _COLLECTION, mode) in self._single(collection, path)

    def _single(self, collection: str, path: paths.FieldPath) -> frozenset[tuple[str, Mode]]:
        """Find a field's indexes; it inherits an override from the map that it is in, or from all fields."""
        for length in range(len(path), 0, -1):
            override = self.overrides.get((collection, path[:length]))
            if override is not None:
                return override
        return self.overrides.get((collection, ("*",)), _AUTOMATIC)

    def check_entries(self, collection: str, document: Document) -> None:
        """Check that a document does not take too many entries in the indexes of its fields."""
        count = sum(self._entries(collection, document.fields, ()))
        if count > MOST_ENTRIES:
            raise InvalidArgument(f"A document has at most {MOST_ENTRIES} index entries, not {count}.")

    def _entries(
        self, collection: str, fields: Mapping[str, Value], parents: paths.FieldPath
    ) -> Iterator[int]:
        for name, value in fields.items():
            path = (*parents, name)
            for _, mode in self._single(collection, path):
                yield len(keys_of(value, mode))
            if value.HasField("map_value") and not ordering.is_vector(value.map_value.fields):
                yield from self._entries(collection, value.map_value.fields, path)


def read(file: Path) -> Indexes:
    """Read an index file, JSON or YAML; if it has a section `firestore`, that is what is read.

    Raises:
        EmulatorError: the file cannot be used.
    """
    try:
        content = yaml.safe_load(file.read_text())
        content = content.get("firestore", content)
        overrides = content.get("fieldOverrides", [])
        return Indexes(
            composites=tuple(map(_composite, content.get("indexes", []))),
            overrides={
                (entry["collectionGroup"], _path(entry)): frozenset(map(_single, entry["indexes"]))
                for entry in overrides
                if "indexes" in entry
            },
            ttls=tuple((entry["collectionGroup"], _path(entry)) for entry in overrides if entry.get("ttl")),
        )
    except OSError as error:
        raise EmulatorError(f"{file}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise EmulatorError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    except (KeyError, TypeError, AttributeError, ValueError, InvalidArgument) as error:
        raise EmulatorError(f"{file} is no index file: {error!r}") from error


def _composite(entry: dict[str, Any]) -> Composite:
    fields = tuple((_path(part), _mode(part)) for part in entry["fields"])
    return Composite(entry["collectionGroup"], entry.get("queryScope") == _GROUP, fields)


def _single(entry: dict[str, Any]) -> tuple[str, Mode]:
    return entry.get("queryScope", _COLLECTION), _mode(entry)


def _path(entry: dict[str, Any]) -> paths.FieldPath:
    return ("*",) if entry["fieldPath"] == "*" else paths.parse(entry["fieldPath"])


def _mode(entry: dict[str, Any]) -> Mode:
    if "arrayConfig" in entry:
        return Mode.CONTAINS
    return Mode(entry["order"].lower())
