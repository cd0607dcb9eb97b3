"""The beginnings of queries."""

from shared.store.wire import StructuredQuery

# The field is `from`, a keyword of Python, and `from_` in the client library's classes.
_FROM = StructuredQuery.DESCRIPTOR.fields_by_number[2].name


def all_in(collection: str, *, all_descendants: bool = False) -> StructuredQuery:
    """Ask for every document of a collection.

    Args:
        collection: its id, below the query's parent.
        all_descendants: take the collections of that id at any depth.
    """
    query = StructuredQuery()
    getattr(query, _FROM).add(collection_id=collection, all_descendants=all_descendants)
    return query
