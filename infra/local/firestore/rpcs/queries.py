"""RunQuery and RunAggregationQuery."""

from collections.abc import Iterator

from infra.local.firestore import names
from infra.local.firestore.errors import UnimplementedError
from infra.local.firestore.pb.firestore_pb2 import RunQueryRequest, RunQueryResponse
from infra.local.firestore.queries.lock import QueryLock
from infra.local.firestore.queries.parse import Query, parse
from infra.local.firestore.queries.run import Hit, page, run
from infra.local.firestore.rpcs.billing import Billing
from infra.local.firestore.rpcs.documents import fill
from infra.local.firestore.rpcs.reading import Reading, reading
from infra.local.firestore.store import Store

_AFTER = b"\xff"


class Queries:
    """The methods that query."""

    def __init__(self, store: Store, billing: Billing) -> None:
        self._store = store
        self._billing = billing

    async def run_query(self, request: RunQueryRequest) -> Iterator[RunQueryResponse]:
        """Run a query, as the database was at one moment."""
        if request.HasField("explain_options"):
            raise UnimplementedError("RunQueryRequest.explain_options (query explain)")
        database_name, parent_path = names.parent(request.parent)
        database = self._store.database(database_name)
        query = parse(database_name, parent_path, request.structured_query)
        async with reading(database, request) as view:
            if view.locks:
                await database.locks.read_query(view.locks, QueryLock(query, query.upper))
            skipped, hits = page(run(database.documents, query, view.time), query)
            if view.locks:
                database.locks.scanned(view.locks, QueryLock(query, _covered(query, hits)))
            self._billing.reads(database_name, skipped + len(hits))
            return _answer(view, query, skipped, hits)


def _covered(query: Query, hits: list[Hit]) -> bytes:
    """How far a query has read: up to its last result if its limit ended it there."""
    if query.limit is None or len(hits) < query.limit:
        return query.upper
    return hits[-1].key + _AFTER if hits else query.lower


def _answer(view: Reading, query: Query, skipped: int, hits: list[Hit]) -> Iterator[RunQueryResponse]:
    read_time = view.read_time()
    if view.begun:
        yield RunQueryResponse(transaction=view.begun)
    if skipped or not hits:
        yield RunQueryResponse(skipped_results=skipped, read_time=read_time)
    for hit in hits:
        response = RunQueryResponse(read_time=read_time)
        fill(response.document, hit.version.data, query.select or ())
        yield response
