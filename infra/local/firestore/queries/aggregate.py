"""Aggregations of the results of a query.

https://firebase.google.com/docs/firestore/query-data/aggregation-queries
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from google_apis.firestore.document_pb2 import Document, Value
from google_apis.firestore.query_pb2 import StructuredAggregationQuery
from infra.local.firestore import limits, paths
from infra.local.firestore.queries.parse import Query
from infra.local.status_errors import InvalidArgument

MAX_AGGREGATIONS = 5
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Aggregation:
    """One aggregation.

    Attributes:
        alias: The name of its result.
        path: The aggregated field; None for a count.
        up_to: The maximum of a count; None without one.
        average: Whether it is the average of the field instead of the sum.
    """

    alias: str
    path: paths.FieldPath | None
    up_to: int | None
    average: bool = False


def parse(requested: Iterable[StructuredAggregationQuery.Aggregation]) -> list[Aggregation]:
    """Parse the aggregations of a request; raise InvalidArgument if production would reject them."""
    found: list[Aggregation] = []
    unnamed = 0
    for aggregation in requested:
        alias = aggregation.alias
        if not alias:
            unnamed += 1
            alias = f"field_{unnamed}"
        limits.check_field_name(alias)
        if alias in {other.alias for other in found}:
            raise InvalidArgument(f'Aggregation aliases contain duplicate alias: "{alias}"')
        found.append(_read(alias, aggregation))
    if not found:
        raise InvalidArgument("Aggregations can not be empty.")
    if len(found) > MAX_AGGREGATIONS:
        raise InvalidArgument(f"A query has at most {MAX_AGGREGATIONS} aggregations.")
    return found


def _read(alias: str, requested: StructuredAggregationQuery.Aggregation) -> Aggregation:
    match requested.WhichOneof("operator"):
        case "count":
            up_to = requested.count.up_to.value if requested.count.HasField("up_to") else None
            if up_to is not None and up_to < 1:
                raise InvalidArgument("up_to of a count must be greater than 0.")
            return Aggregation(alias, None, up_to)
        case "sum":
            return Aggregation(alias, _field(requested.sum.field.field_path), None)
        case "avg":
            return Aggregation(alias, _field(requested.avg.field.field_path), None, average=True)
    raise InvalidArgument("An aggregation has no operator.")


def _field(text: str) -> paths.FieldPath:
    path = paths.parse(text)
    if path == paths.NAME:
        raise InvalidArgument("the name __key__ is reserved")
    return path


def fields(aggregations: Iterable[Aggregation]) -> list[paths.FieldPath]:
    """Return the aggregated fields. They sort the results, and documents without one of them are ignored."""
    return sorted({found.path for found in aggregations if found.path})


def enough(query: Query, aggregations: Sequence[Aggregation]) -> int | None:
    """Return how many results are needed at most; None for all."""
    bounds = [found.up_to for found in aggregations if found.up_to is not None]
    most = max(bounds) if len(bounds) == len(aggregations) else None
    return min((limit for limit in (query.limit, most) if limit is not None), default=None)


def compute(aggregations: Iterable[Aggregation], count: int, data: Sequence[bytes]) -> dict[str, Value]:
    """Aggregate a number of documents, whose serialized forms are not needed for counts only.

    Returns:
        The results by alias.
    """
    documents: list[Document] = []
    results: dict[str, Value] = {}
    for found in aggregations:
        if found.path is None:
            counted = count if found.up_to is None else min(count, found.up_to)
            results[found.alias] = Value(integer_value=counted)
            continue
        documents = documents or [Document.FromString(document) for document in data]
        numbers = list(_numbers(documents, found.path))
        results[found.alias] = _average(numbers) if found.average else _sum(numbers)
    return results


def _numbers(documents: Iterable[Document], path: paths.FieldPath) -> Iterator[int | float]:
    """Yield the numbers in a field; other values are ignored."""
    for document in documents:
        value = paths.get(document.fields, path)
        if value is None:
            continue
        if value.HasField("integer_value"):
            yield value.integer_value
        elif value.HasField("double_value"):
            yield value.double_value


def _sum(numbers: list[int | float]) -> Value:
    total = sum(numbers)
    if isinstance(total, int) and total in _INT64:
        return Value(integer_value=total)
    return Value(double_value=float(total))  # as documented, if integers overflow or one is a double


def _average(numbers: list[int | float]) -> Value:
    if not numbers:
        return Value(null_value="NULL_VALUE")
    return Value(double_value=float(sum(numbers)) / len(numbers))
