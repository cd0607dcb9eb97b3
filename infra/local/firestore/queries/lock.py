"""Locks of queries: a lock covers the documents whose change would have changed the query's results.

A transaction holds these locks on the ranges that its queries have read, so no document can appear in them
(a phantom).
"""

from dataclasses import dataclass

from google_apis.firestore.document_pb2 import Document
from infra.local.firestore import ordering
from infra.local.firestore.index_keys import sort_key
from infra.local.firestore.queries.parse import Query


@dataclass(frozen=True, slots=True)
class QueryLock:
    """The part of a query's results that was read.

    Attributes:
        query: The query.
        upper: The sort key at which the read part ends (exclusive); before the query's own bound if the limit
            ended it.
    """

    query: Query
    upper: bytes

    def covers(self, path: str, data: bytes) -> bool:
        """Return whether a document is covered, as its path and serialized form (empty if it is absent)."""
        if not data or not self._is_in_scope(path):
            return False
        document = Document.FromString(data)
        key = sort_key(self.query.order, document, ordering.encode_path(path))
        if key is None or not self.query.lower <= key < self.upper:
            return False
        return any(all(term.matches(document, path) for term in terms) for terms in self.query.where)

    def _is_in_scope(self, path: str) -> bool:
        parent, _, collection = path.rpartition("/")[0].rpartition("/")
        return self.query.collection in ("", collection) and self.query.reaches(parent)
