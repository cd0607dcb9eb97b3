"""Parts of queries."""

from collections.abc import Iterable

from google_apis.firestore.document_pb2 import Value
from google_apis.firestore.query_pb2 import StructuredQuery

Filter = StructuredQuery.Filter
FieldFilter = StructuredQuery.FieldFilter
_CompositeFilter = StructuredQuery.CompositeFilter


def all_in(collection: str, *, all_descendants: bool = False) -> StructuredQuery:
    """Return a query for all documents of a collection.

    Args:
        collection: the collection's id, below the query's parent.
        all_descendants: include collections with that id at any depth.
    """
    query = StructuredQuery()
    query.from_.add(collection_id=collection, all_descendants=all_descendants)
    return query


def condition(path: str, operator: FieldFilter.Operator, value: Value) -> Filter:
    """Return a filter that compares a field with a value."""
    field = StructuredQuery.FieldReference(field_path=path)
    return Filter(field_filter=FieldFilter(field=field, op=operator, value=value))


def all_of(filters: Iterable[Filter]) -> Filter:
    """Return the conjunction (AND) of one or more filters."""
    return _composite(_CompositeFilter.AND, list(filters))


def any_of(filters: Iterable[Filter]) -> Filter:
    """Return the disjunction (OR) of one or more filters."""
    return _composite(_CompositeFilter.OR, list(filters))


def _composite(operator: _CompositeFilter.Operator, filters: list[Filter]) -> Filter:
    if len(filters) == 1:
        return filters[0]
    return Filter(composite_filter=_CompositeFilter(op=operator, filters=filters))
