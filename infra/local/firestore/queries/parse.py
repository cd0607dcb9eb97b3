"""Parsing of queries: a request is checked and converted to the form that is run."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from google_apis.firestore.query_pb2 import Cursor, StructuredQuery
from infra.local.firestore import names, ordering, paths
from infra.local.firestore.index_keys import Mode, Spec
from infra.local.firestore.queries.filters import (
    Bound,
    Conjunction,
    Equal,
    FilterReader,
    Present,
    is_inequality,
)
from infra.local.status_errors import FailedPrecondition, InvalidArgument, Unimplemented

MAX_CONDITIONS = 100  # https://firebase.google.com/docs/firestore/quotas#limits
# https://firebase.google.com/docs/firestore/query-data/multiple-range-fields#limitations
MAX_INEQUALITY_FIELDS = 10

# The comments of google/firestore/v1/query.proto document which operators can be combined.
_COMBINING = {"AND", "OR"}
_EXCLUDING = {"NOT_EQUAL", "NOT_IN", "IS_NOT_NULL", "IS_NOT_NAN"}
_NOT_WITH_NOT_IN = {"OR", "IN", "ARRAY_CONTAINS_ANY"}

_F = StructuredQuery.FieldFilter
_U = StructuredQuery.UnaryFilter
_C = StructuredQuery.CompositeFilter


@dataclass(frozen=True, slots=True)
class Query:
    """A checked query.

    Attributes:
        parent: The path of the document that is the parent of the collections; empty for the root.
        collection: The collection's id; empty for any collection.
        descendants: Whether to include collections at any depth below the parent, not only directly below.
        where: The filters; a document matches if it matches one of these conjunctions.
        order: The sort order, including its implicit part; it ends with the document's name.
        lower: The encoded sort key at which results begin (inclusive).
        upper: The encoded sort key at which results end (exclusive).
        offset: How many results to skip.
        limit: How many results to return at most; None for all.
        select: The fields to return; None for all.
    """

    parent: str
    collection: str
    descendants: bool
    where: tuple[Conjunction, ...]
    order: Spec
    lower: bytes
    upper: bytes
    offset: int
    limit: int | None
    select: tuple[paths.FieldPath, ...] | None

    def reaches(self, parent: str) -> bool:
        """Return whether the query includes collections directly below a document with this path."""
        if parent == self.parent:
            return True
        return self.descendants and (not self.parent or parent.startswith(f"{self.parent}/"))


def parse(
    database: str,
    parent_path: str,
    request: StructuredQuery,
    present: Iterable[paths.FieldPath] = (),
) -> Query:
    """Parse a query; raise InvalidArgument if production would reject it whatever is stored.

    Args:
        database: The database's full name.
        parent_path: The path of the query's parent, below `documents/`.
        request: The query in the request.
        present: Fields that documents must have to be in the results, and that results are sorted by.
    """
    if request.HasField("find_nearest"):
        raise Unimplemented("StructuredQuery.find_nearest (vector search)")
    if len(request.from_) != 1:
        raise InvalidArgument("A query must select exactly one collection.")
    selector = request.from_[0]
    if selector.collection_id:
        names.single_id(selector.collection_id)
    reader = FilterReader(database)
    where = tuple(reader.read(request.where)) if request.HasField("where") else ((),)
    _check_inequalities([paths.parse(order.field.field_path) for order in request.order_by], where)
    where = tuple((*terms, *map(Present, present)) for terms in where)
    operators = list(_operators(request.where))
    _check_operators(operators)
    filters = sum(operator not in _COMBINING for operator in operators)
    if filters + len(request.order_by) + bool(parent_path) > MAX_CONDITIONS:
        raise InvalidArgument(
            f"A query has at most {MAX_CONDITIONS} filters, sort orders and a parent document's path."
        )
    for cursor in (request.start_at, request.end_at):
        if len(cursor.values) > len(request.order_by):  # those that are implicit do not count
            raise InvalidArgument("Cursor has too many values.")
    order = _complete_order(request.order_by, where)
    _check_scope(selector, parent_path, order, where)
    if request.offset < 0 or request.limit.value < 0:
        raise InvalidArgument("A limit or an offset must not be negative.")
    return Query(
        parent=parent_path,
        collection=selector.collection_id,
        descendants=selector.all_descendants,
        where=where,
        order=order,
        lower=_bound(reader, order, request.start_at, first=True) if request.HasField("start_at") else b"",
        upper=_bound(reader, order, request.end_at, first=False)
        if request.HasField("end_at")
        else ordering.AFTER,
        offset=request.offset,
        limit=request.limit.value if request.HasField("limit") else None,
        select=_selection(request.select) if request.HasField("select") else None,
    )


def _selection(projection: StructuredQuery.Projection) -> tuple[paths.FieldPath, ...]:
    return tuple(paths.parse(field.field_path) for field in projection.fields)


def _check_scope(
    selector: StructuredQuery.CollectionSelector, parent: str, order: Spec, where: Iterable[Conjunction]
) -> None:
    """Check that there can be an index: for all collections, or a group below a parent, only by name."""
    by_name = {path for path, _ in order} | {term.path for terms in where for term in terms} == {paths.NAME}
    ascending = order[0][1] is Mode.ASCENDING
    if not selector.collection_id and not (by_name and ascending):
        raise InvalidArgument("kind is required for all filters, and all orders except __key__ ascending")
    if selector.collection_id and selector.all_descendants and parent:
        if not by_name:
            raise InvalidArgument("collection group queries are only allowed at the root parent")
        if not ascending:
            raise FailedPrecondition(
                "The query requires an index, which cannot exist for a group below a parent"
            )


def _check_inequalities(order: Sequence[paths.FieldPath], where: Iterable[Conjunction]) -> None:
    """Check the fields with inequalities: how many, and how the document's name is combined with them."""
    terms = [term for conjunction in where for term in conjunction]
    unequal = {term.path for term in terms if is_inequality(term)}
    if len(unequal) > MAX_INEQUALITY_FIELDS:
        raise InvalidArgument(
            f"A query may not have more than {MAX_INEQUALITY_FIELDS} distinct inequality fields."
        )
    if paths.NAME in order and (order[-1] != paths.NAME or not unequal.issubset(order)):
        raise InvalidArgument("order by clause cannot contain more fields after the key")
    is_equal = any(isinstance(term, Equal) and term.path == paths.NAME for term in terms)
    if is_equal and unequal and paths.NAME not in unequal:
        raise InvalidArgument(
            "Equality on key is not allowed if there are other inequality fields"
            " and key does not appear in inequalities."
        )


def _complete_order(requested: Iterable[StructuredQuery.Order], where: tuple[Conjunction, ...]) -> Spec:
    """Add the implicit sort fields: those with inequalities, sorted by name, and then the document's name."""
    modes: dict[paths.FieldPath, Mode] = {}
    for order in requested:
        path = paths.parse(order.field.field_path)
        if path in modes:
            raise InvalidArgument(f"The order has {paths.show(path)} twice.")
        descends = order.direction == StructuredQuery.DESCENDING
        modes[path] = Mode.DESCENDING if descends else Mode.ASCENDING
    last = next(reversed(modes.values()), Mode.ASCENDING)
    unordered = {term.path for terms in where for term in terms if is_inequality(term)} - set(modes)
    for path in (*sorted(unordered - {paths.NAME}), paths.NAME):
        modes.setdefault(path, last)
    after = list(modes)[list(modes).index(paths.NAME) + 1 :]
    if after:  # aggregated fields: others have been rejected
        raise InvalidArgument(
            f"This query requires an index with fields [{', '.join(map(paths.show, after))}] after __name__"
            " and Firestore does not currently support such an index."
            " Please try the query again with additional ordering on those fields."
        )
    return tuple(modes.items())


def _bound(reader: FilterReader, order: Spec, cursor: Cursor, *, first: bool) -> bytes:
    """Encode a cursor: a bound just before or after all results whose sort keys begin with its values."""
    if not cursor.values:
        return b"" if first == cursor.before else ordering.AFTER
    key = b""
    for (path, mode), value in zip(order, cursor.values, strict=False):
        encoded = reader.encode(path, value)
        key += ordering.descending(encoded) if mode is Mode.DESCENDING else encoded
    return Bound(key, after=not cursor.before).position


def _check_operators(operators: Collection[str]) -> None:
    if sum(operator in _EXCLUDING for operator in operators) > 1:
        raise InvalidArgument(f"A query can have only one of {', '.join(sorted(_EXCLUDING))}.")
    if "NOT_IN" in operators and not _NOT_WITH_NOT_IN.isdisjoint(operators):
        raise InvalidArgument(f"'not in' cannot be combined with {', '.join(sorted(_NOT_WITH_NOT_IN))}.")


def _operators(where: StructuredQuery.Filter) -> Iterator[str]:
    """Yield the names of the operators of a filter and of the filters in it."""
    match where.WhichOneof("filter_type"):
        case "field_filter":
            yield _F.Operator.Name(where.field_filter.op)
        case "unary_filter":
            yield _U.Operator.Name(where.unary_filter.op)
        case "composite_filter":
            yield _C.Operator.Name(where.composite_filter.op)
            for part in where.composite_filter.filters:
                yield from _operators(part)
