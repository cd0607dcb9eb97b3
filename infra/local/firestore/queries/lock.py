"""What a query read, as a condition: a write to a document that meets it would have changed the answer.

So a transaction holds the ranges that its queries covered, and no document can appear in them (a phantom).
"""

from dataclasses import dataclass

from google_apis.firestore.document_pb2 import Document
from infra.local.firestore import index, ordering
from infra.local.firestore.queries.parse import Query


@dataclass(frozen=True, slots=True)
class QueryLock:
    """The part of a query's results that was read.

    Attributes:
        query: The query.
        upper: The sort key before which it read; less than the query's own bound if the limit ended it.
    """

    query: Query
    upper: bytes

    def covers(self, path: str, data: bytes) -> bool:
        """Tell whether a document, given by its path and serialized form (empty for none), is covered."""
        if not data or not self._is_in_scope(path):
            return False
        document = Document.FromString(data)
        return any(
            self.query.lower <= key < self.upper
            for key in index.keys(self.query.order, document, ordering.encode_path(path))
        ) and any(all(term.matches(document, path) for term in terms) for terms in self.query.where)

    def _is_in_scope(self, path: str) -> bool:
        parent, _, collection = path.rpartition("/")[0].rpartition("/")
        return self.query.collection in ("", collection) and self.query.reaches(parent)
