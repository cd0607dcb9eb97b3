"""What an index of a field holds of a document: the values that a query can ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from google_apis.firestore.document_pb2 import MapValue, Value
from infra.local.firestore import ordering, partial, paths
from infra.local.firestore.index import Mode, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# A value's encoding, and the field's name where the index is of all fields of a map. Where such a field is
# true, its serialized entry stands for both: maps that are asked for their fields may have many of these.
Key = bytes | tuple[str, bytes]

# The documents that have a value, as bits.
Sets = dict[Key, int]

_TRUE = MapValue(fields={"": Value(boolean_value=True)}).SerializeToString()[-4:]
_AROUND_NAME = 6  # bytes of a serialized entry that is true: two before the name, and `_TRUE`
_LONGEST_NAME = 127  # bytes; the length of a longer one takes more than one


class Field(NamedTuple):
    """What a value is looked for in.

    There is one index for all fields of a map, for their names may be as many as values are.

    Attributes:
        path: A field, or the map that it is in.
        mode: Whether its elements are meant, or the value as a whole.
        is_map: Whether the index is of all fields of the map.
    """

    path: paths.FieldPath
    mode: Mode
    is_map: bool

    @classmethod
    def of(cls, path: paths.FieldPath, mode: Mode, encoded: bytes) -> tuple[Field, Key]:
        """Choose the index for a value of a field; also gives the value's key in it."""
        if mode is Mode.CONTAINS or len(path) == 1:
            return cls(path, mode, is_map=False), encoded
        return cls(path[:-1], mode, is_map=True), _key(path[-1], encoded)

    def add(self, sets: Sets, bit: int, data: bytes, name: bytes) -> None:
        """Add a document, given in its serialized form and by its encoded path, to the sets of its values."""
        first, *inner = self.path
        if not self.is_map or inner:
            for key in self._keys(data, name):
                sets[key] = sets.get(key, 0) | bit
            return
        for entry in partial.map_entries(data, first):  # most of what an index costs is this loop
            found = sets.get(entry)
            if found is not None:
                sets[entry] = found | bit
            elif entry[-4:] == _TRUE and entry[1] + _AROUND_NAME == len(entry):
                sets[entry] = bit
            else:
                key = _key_of_entry(entry)
                sets[key] = sets.get(key, 0) | bit

    def remove(self, sets: Sets, bit: int, data: bytes, name: bytes) -> None:
        """Take a document, as it was when it was added, out of the sets of its values."""
        for key in self._keys(data, name):
            sets[key] ^= bit
            if not sets[key]:
                del sets[key]

    def _keys(self, data: bytes, name: bytes) -> Iterable[Key]:
        """List the values of a document, each once."""
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
