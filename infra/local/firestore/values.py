"""The values in the index of a field, by which queries find documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from google_apis.firestore.document_pb2 import MapValue, Value
from infra.local.firestore import ordering, partial, paths
from infra.local.firestore.index_keys import Mode, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# An encoded value; of a field of an indexed map, with the field's name. If the value of such a field is true,
# the key is the serialized map entry instead, because maps that are queried can have many of these.
Key = bytes | tuple[str, bytes]

# For each value, the set of documents that have it, as bits.
Sets = dict[Key, int]

_TRUE = MapValue(fields={"": Value(boolean_value=True)}).SerializeToString()[-4:]
_AROUND_NAME = 6  # bytes of a serialized entry with the value true: two before the name, and `_TRUE`
_MAX_NAME_BYTES = 127  # the length of a longer name is serialized in more than one byte
_MAX_REPRESENTATION_FIELDS = 2  # fields of a map that represents another type: see `ordering.is_map`


class Field(NamedTuple):
    """An indexed field. If it is a map, its fields are indexed instead of the whole value.

    All fields of a map share one index, because there can be as many names of fields as values.

    Attributes:
        path: The path of the field.
        mode: Whether the elements or the whole value are indexed.
    """

    path: paths.FieldPath
    mode: Mode

    @classmethod
    def of(cls, path: paths.FieldPath, mode: Mode) -> Field:
        """Return the field in whose index the values at a path are: the path itself, or the map around it."""
        if mode is Mode.CONTAINS:
            return cls(path, mode)
        return cls(path[:-1] or path, Mode.ASCENDING)

    def key(self, path: paths.FieldPath, encoded: bytes) -> Key:
        """Return the key of a value at a path."""
        return encoded if path == self.path else _key(path[-1], encoded)

    def add(self, sets: Sets, bit: int, fields: Mapping[str, bytes], name: bytes) -> None:
        """Add a document, as its serialized fields and encoded path, to the sets of its values."""
        entries = self._many_entries(fields)
        if not entries:
            for key in self._keys(fields, name):
                sets[key] = sets.get(key, 0) | bit
        for entry in entries:  # this loop takes most of the time of an index
            found = sets.get(entry)
            if found is not None:
                sets[entry] = found | bit
            elif entry[-4:] == _TRUE and entry[1] + _AROUND_NAME == len(entry):
                sets[entry] = bit
            else:
                key = _key_of_entry(entry)
                sets[key] = sets.get(key, 0) | bit

    def remove(self, sets: Sets, bit: int, fields: Mapping[str, bytes], name: bytes) -> None:
        """Remove a document, with the fields that were added, from the sets of its values."""
        for key in self._keys(fields, name):
            sets[key] ^= bit
            if not sets[key]:
                del sets[key]

    def _many_entries(self, fields: Mapping[str, bytes]) -> Sequence[bytes]:
        """Return the serialized entries of a map; none if there are few, or if the field is not a map."""
        first, *inner = self.path
        if inner or self.mode is Mode.CONTAINS:
            return ()
        entries = partial.map_entries(fields.get(first, b""))
        return entries if len(entries) > _MAX_REPRESENTATION_FIELDS else ()

    def _keys(self, fields: Mapping[str, bytes], name: bytes) -> Iterable[Key]:
        """Return the keys of a document's values, each once."""
        if self.path == paths.NAME:
            return [name]
        first, *inner = self.path
        raw = fields.get(first)
        value: Value | None = None if raw is None else Value.FromString(raw)
        if value is not None and inner:
            value = paths.get(value.map_value.fields, tuple(inner))
        if value is None:
            return []
        if self.mode is not Mode.CONTAINS and ordering.is_map(value):
            return [_key(field, ordering.encode(inside)) for field, inside in value.map_value.fields.items()]
        return keys_of(value, self.mode)


def _key(field: str, encoded: bytes) -> Key:
    raw = field.encode()
    if encoded == ordering.TRUE and len(raw) <= _MAX_NAME_BYTES:
        return b"\n%c%b%b" % (len(raw), raw, _TRUE)
    return field, encoded


def _key_of_entry(entry: bytes) -> Key:
    parsed = MapValue.FieldsEntry.FromString(entry)
    return _key(parsed.key, ordering.encode(parsed.value))
