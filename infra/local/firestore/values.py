"""The values in the index of a field, by which queries find documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from google_apis.firestore.document_pb2 import MapValue, Value
from infra.local.firestore import ordering, partial, paths
from infra.local.firestore.index import Mode, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# An encoded value; in the index of all fields of a map, with the field's name. If the value of such a field
# is true, the key is the serialized map entry instead, because maps that are queried can have many of these.
Key = bytes | tuple[str, bytes]

# For each value, the set of documents that have it, as bits.
Sets = dict[Key, int]

_TRUE = MapValue(fields={"": Value(boolean_value=True)}).SerializeToString()[-4:]
_AROUND_NAME = 6  # bytes of a serialized entry with the value true: two before the name, and `_TRUE`
_LONGEST_NAME = 127  # bytes; the length of a longer name is serialized in more than one byte


class Field(NamedTuple):
    """An indexed field, or an indexed map with all its fields.

    All fields of a map share one index, because there can be as many names of fields as values.

    Attributes:
        path: The path of the field or the map.
        mode: Whether the elements or the whole value are indexed.
        is_map: Whether all fields of the map are indexed.
    """

    path: paths.FieldPath
    mode: Mode
    is_map: bool

    @classmethod
    def of(cls, path: paths.FieldPath, mode: Mode, encoded: bytes) -> tuple[Field, Key]:
        """Return the index for a field, and the key of a value in it."""
        if mode is Mode.CONTAINS or len(path) == 1:
            return cls(path, mode, is_map=False), encoded
        return cls(path[:-1], mode, is_map=True), _key(path[-1], encoded)

    def add(self, sets: Sets, bit: int, data: bytes, name: bytes) -> None:
        """Add a document, as its serialized form and encoded path, to the sets of its values."""
        first, *inner = self.path
        if not self.is_map or inner:
            for key in self._keys(data, name):
                sets[key] = sets.get(key, 0) | bit
            return
        for entry in partial.map_entries(data, first):  # this loop takes most of the time of an index
            found = sets.get(entry)
            if found is not None:
                sets[entry] = found | bit
            elif entry[-4:] == _TRUE and entry[1] + _AROUND_NAME == len(entry):
                sets[entry] = bit
            else:
                key = _key_of_entry(entry)
                sets[key] = sets.get(key, 0) | bit

    def remove(self, sets: Sets, bit: int, data: bytes, name: bytes) -> None:
        """Remove a document, with the content that was added, from the sets of its values."""
        for key in self._keys(data, name):
            sets[key] ^= bit
            if not sets[key]:
                del sets[key]

    def _keys(self, data: bytes, name: bytes) -> Iterable[Key]:
        """Return the keys of a document's values, each once."""
        if self.path == paths.NAME:
            return [name]
        first, *inner = self.path
        raw = partial.fields(data).get(first)
        value: Value | None = None if raw is None else Value.FromString(raw)
        if value is not None and inner:
            value = paths.get(value.map_value.fields, tuple(inner))
        if value is None:
            return []
        if not self.is_map:
            return keys_of(value, self.mode)
        return [_key(field, ordering.encode(inside)) for field, inside in value.map_value.fields.items()]


def _key(field: str, encoded: bytes) -> Key:
    raw = field.encode()
    if encoded == ordering.TRUE and len(raw) <= _LONGEST_NAME:
        return b"\n%c%b%b" % (len(raw), raw, _TRUE)
    return field, encoded


def _key_of_entry(entry: bytes) -> Key:
    parsed = MapValue.FieldsEntry.FromString(entry)
    return _key(parsed.key, ordering.encode(parsed.value))
