"""Filters in disjunctive normal form: a filter is an OR of conjunctions, and a conjunction an AND of terms.

Operators such as `in` are expanded: each of their values becomes a conjunction.
https://firebase.google.com/docs/firestore/query-data/queries#query_limitations
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from google_apis.firestore.document_pb2 import Document, Value
from google_apis.firestore.query_pb2 import StructuredQuery
from infra.local.firestore import names, ordering, paths
from infra.local.status_errors import InvalidArgument

MAX_DISJUNCTIONS = 30
MAX_EXCLUDED = 10

_NOTHING = b""  # not the encoding of any value

_F = StructuredQuery.FieldFilter
_U = StructuredQuery.UnaryFilter
_C = StructuredQuery.CompositeFilter


@dataclass(frozen=True, slots=True)
class Term:
    """A condition on the encoded value of one field, which subclasses define."""

    path: paths.FieldPath

    def accepts(self, value: Value) -> bool:
        """Return whether the field's value meets the condition."""
        return self.accepts_encoded(ordering.encode(value))

    def accepts_encoded(self, encoded: bytes) -> bool:
        """Return whether the field's encoded value meets the condition."""
        raise NotImplementedError

    def matches(self, document: Document, path: str) -> bool:
        """Return whether a document has the field, and its value meets the condition."""
        if self.path == paths.NAME:
            return self.accepts_encoded(ordering.encode_path(path))
        value = paths.get(document.fields, self.path)
        return value is not None and self.accepts(value)


@dataclass(frozen=True, slots=True)
class Equal(Term):
    """The field has this value."""

    encoded: bytes

    def accepts_encoded(self, encoded: bytes) -> bool:  # noqa: D102
        return encoded == self.encoded


@dataclass(frozen=True, slots=True)
class Contains(Term):
    """The field is an array with this element."""

    encoded: bytes

    def accepts(self, value: Value) -> bool:  # noqa: D102
        return any(ordering.encode(element) == self.encoded for element in value.array_value.values)


class Bound(NamedTuple):
    """A bound of encoded values: just before all that begin with `encoded`, or just after."""

    encoded: bytes
    after: bool

    @property
    def position(self) -> bytes:
        """The bound as bytes that encodings are compared with."""
        return ordering.after(self.encoded) if self.after else self.encoded

    def inverted(self) -> "Bound":
        """Return the same bound in descending order."""
        return Bound(ordering.descending(self.encoded), not self.after)


@dataclass(frozen=True, slots=True)
class Range(Term):
    """The field's value is between two bounds."""

    lower: Bound
    upper: Bound

    def accepts_encoded(self, encoded: bytes) -> bool:  # noqa: D102
        return self.lower.position <= encoded < self.upper.position


@dataclass(frozen=True, slots=True)
class Excluded(Term):
    """The field has a value other than these."""

    encoded: frozenset[bytes]

    def accepts_encoded(self, encoded: bytes) -> bool:  # noqa: D102
        return encoded not in self.encoded


@dataclass(frozen=True, slots=True)
class Present(Term):
    """The field has any value."""

    def accepts(self, value: Value) -> bool:  # noqa: D102, ARG002
        return True


Conjunction = tuple[Term, ...]


def is_inequality(term: Term) -> bool:
    """Return whether a term implies a sort order by its field: a range, excluded values, or presence."""
    return isinstance(term, Range | Excluded | Present)


class FilterReader:
    """Converts the filters of a request to conjunctions."""

    def __init__(self, database: str) -> None:
        self._database = database

    def read(self, where: StructuredQuery.Filter) -> list[Conjunction]:
        """Convert a filter to conjunctions; raise InvalidArgument if production would reject it."""
        conjunctions = self._disjunction(where)
        if len(conjunctions) > MAX_DISJUNCTIONS:
            raise InvalidArgument(
                f"A query has at most {MAX_DISJUNCTIONS} disjunctions in disjunctive normal form;"
                f" this one has {len(conjunctions)}."
            )
        for conjunction in conjunctions:
            if sum(isinstance(term, Contains) for term in conjunction) > 1:
                raise InvalidArgument("A disjunction has at most one ARRAY_CONTAINS or ARRAY_CONTAINS_ANY.")
        return list(dict.fromkeys(conjunctions))

    def encode(self, path: paths.FieldPath, value: Value) -> bytes:
        """Encode the operand of a filter on a field, or a cursor's value of the field."""
        if path != paths.NAME:
            return ordering.encode(value)
        if not value.HasField("reference_value"):
            raise InvalidArgument("__key__ filter value must be a Key")
        return ordering.encode_path(names.document_in(value.reference_value, self._database))

    def _disjunction(self, where: StructuredQuery.Filter) -> list[Conjunction]:
        match where.WhichOneof("filter_type"):
            case "composite_filter":
                return self._composite(where.composite_filter)
            case "field_filter":
                return [(term,) for term in self._field(where.field_filter)]
            case "unary_filter":
                return [(_unary(where.unary_filter),)]
        raise InvalidArgument("A filter has no type.")

    def _composite(self, composite: StructuredQuery.CompositeFilter) -> list[Conjunction]:
        if not composite.filters:
            raise InvalidArgument("A composite filter has at least one filter.")
        parts = [self._disjunction(part) for part in composite.filters]
        if composite.op == _C.OR:
            return [conjunction for part in parts for conjunction in part]
        if composite.op != _C.AND:
            raise InvalidArgument("A composite filter is an AND or an OR.")
        count = 1
        for part in parts:
            count *= len(part)
            if count > MAX_DISJUNCTIONS * MAX_DISJUNCTIONS:  # rejected anyway: do not compute the product
                raise InvalidArgument(f"A query has at most {MAX_DISJUNCTIONS} disjunctions.")
        return [sum(choice, ()) for choice in product(*parts)]

    def _field(self, condition: StructuredQuery.FieldFilter) -> list[Term]:
        path = paths.parse(condition.field.field_path)
        build = _OPERATORS.get(condition.op)
        if build is None:
            raise InvalidArgument("A field filter has no operator.")
        if path == paths.NAME and build in (_contains, _contains_any):
            raise InvalidArgument("'array contains' needs an array, and a document's name is not one.")
        if condition.op in _LIST_OPERATORS:
            values = condition.value.array_value.values
            if not condition.value.HasField("array_value") or not values:
                raise InvalidArgument("'in', 'not in' and 'array contains any' need a non-empty array.")
            operands = [self.encode(path, value) for value in values]
        else:
            operands = [self.encode(path, condition.value)]
        return build(path, operands)


def _unary(condition: StructuredQuery.UnaryFilter) -> Term:
    path = paths.parse(condition.field.field_path)
    if path == paths.NAME:
        raise InvalidArgument("__key__ filter value must be a Key")
    match condition.op:
        case _U.IS_NULL:
            return Equal(path, ordering.NULL)
        case _U.IS_NAN:
            return Equal(path, ordering.NAN)
        case _U.IS_NOT_NULL:
            return Excluded(path, frozenset({ordering.NULL}))
        case _U.IS_NOT_NAN:
            return Excluded(path, frozenset({ordering.NULL, ordering.NAN}))
    raise InvalidArgument("A unary filter has no operator.")


def _type_range(path: paths.FieldPath, operand: bytes) -> tuple[Bound, Bound]:
    """Return the bounds of the values that are compared with an operand: those of its type."""
    first, end = (b"", ordering.AFTER) if path == paths.NAME else ordering.type_range(operand)
    return Bound(first, after=False), Bound(end, after=False)


def _less(path: paths.FieldPath, operands: list[bytes]) -> list[Term]:
    lower, _ = _type_range(path, operands[0])
    return [Range(path, lower, Bound(operands[0], after=False))]


def _at_most(path: paths.FieldPath, operands: list[bytes]) -> list[Term]:
    lower, _ = _type_range(path, operands[0])
    return [Range(path, lower, Bound(operands[0], after=True))]


def _greater(path: paths.FieldPath, operands: list[bytes]) -> list[Term]:
    _, upper = _type_range(path, operands[0])
    return [Range(path, Bound(operands[0], after=True), upper)]


def _at_least(path: paths.FieldPath, operands: list[bytes]) -> list[Term]:
    _, upper = _type_range(path, operands[0])
    return [Range(path, Bound(operands[0], after=False), upper)]


def _equal(path: paths.FieldPath, operands: list[bytes]) -> list[Term]:
    return [Equal(path, operand) for operand in operands]


def _in(path: paths.FieldPath, operands: list[bytes]) -> list[Term]:
    return _equal(path, _comparable(operands))


def _contains(path: paths.FieldPath, operands: list[bytes]) -> list[Term]:
    return [Contains(path, operand) for operand in operands]


def _contains_any(path: paths.FieldPath, operands: list[bytes]) -> list[Term]:
    return _contains(path, _comparable(operands))


def _comparable(operands: list[bytes]) -> list[bytes]:
    """Replace null and NaN, which match no value in a list, with what is no encoding."""
    return [_NOTHING if operand in (ordering.NULL, ordering.NAN) else operand for operand in operands]


def _not_equal(path: paths.FieldPath, operands: list[bytes]) -> list[Term]:
    # `!=` and `not-in` exclude documents where the field is null or missing.
    return [Excluded(path, frozenset({*operands, ordering.NULL}))]


def _not_in(path: paths.FieldPath, operands: list[bytes]) -> list[Term]:
    if len(operands) > MAX_EXCLUDED:
        raise InvalidArgument(f"'not in' takes at most {MAX_EXCLUDED} values.")
    if ordering.NULL in operands:  # a list with null matches no document
        nowhere = Bound(_NOTHING, after=False)
        return [Range(path, nowhere, nowhere)]
    return _not_equal(path, operands)


_OPERATORS: dict[int, Callable[[paths.FieldPath, list[bytes]], list[Term]]] = {
    _F.LESS_THAN: _less,
    _F.LESS_THAN_OR_EQUAL: _at_most,
    _F.GREATER_THAN: _greater,
    _F.GREATER_THAN_OR_EQUAL: _at_least,
    _F.EQUAL: _equal,
    _F.IN: _in,
    _F.ARRAY_CONTAINS: _contains,
    _F.ARRAY_CONTAINS_ANY: _contains_any,
    _F.NOT_EQUAL: _not_equal,
    _F.NOT_IN: _not_in,
}
_LIST_OPERATORS = {_F.IN, _F.NOT_IN, _F.ARRAY_CONTAINS_ANY}
