"""What queries are made of."""

from collections.abc import Iterable

from google_apis.firestore.document_pb2 import Value
from google_apis.firestore.query_pb2 import StructuredQuery

Filter = StructuredQuery.Filter
FieldFilter = StructuredQuery.FieldFilter
_CompositeFilter = StructuredQuery.CompositeFilter


def all_in(collection: str, *, all_descendants: bool = False) -> StructuredQuery:
    """Ask for every document of a collection.

    Args:
        collection: its id, below the query's parent.
        all_descendants: take the collections of that id at any depth.
    """
    query = StructuredQuery()
    query.from_.add(collection_id=collection, all_descendants=all_descendants)
    return query


def condition(path: str, operator: FieldFilter.Operator, value: Value) -> Filter:
    """Ask that a field be something to a value."""
    field = StructuredQuery.FieldReference(field_path=path)
    return Filter(field_filter=FieldFilter(field=field, op=operator, value=value))


def all_of(filters: Iterable[Filter]) -> Filter:
    """Ask for what meets each of some conditions, of which there is at least one."""
    return _composite(_CompositeFilter.AND, list(filters))


def any_of(filters: Iterable[Filter]) -> Filter:
    """Ask for what meets at least one of some conditions."""
    return _composite(_CompositeFilter.OR, list(filters))


def _composite(operator: _CompositeFilter.Operator, filters: list[Filter]) -> Filter:
    if len(filters) == 1:
        return filters[0]
    return Filter(composite_filter=_CompositeFilter(op=operator, filters=filters))
