"""The beginnings of queries."""

from google_apis.firestore.query_pb2 import StructuredQuery


def all_in(collection: str, *, all_descendants: bool = False) -> StructuredQuery:
    """Ask for every document of a collection.

    Args:
        collection: its id, below the query's parent.
        all_descendants: take the collections of that id at any depth.
    """
    query = StructuredQuery()
    query.from_.add(collection_id=collection, all_descendants=all_descendants)
    return query
