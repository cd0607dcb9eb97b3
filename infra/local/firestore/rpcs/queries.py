"""RunQuery and RunAggregationQuery."""

from collections.abc import Iterator
from dataclasses import replace

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from google_apis.firestore.firestore_pb2 import (
    RunAggregationQueryRequest,
    RunAggregationQueryResponse,
    RunQueryRequest,
    RunQueryResponse,
)
from infra.local.firestore import names, ordering, partial
from infra.local.firestore.billing import Billing
from infra.local.firestore.queries import aggregate
from infra.local.firestore.queries.lock import QueryLock
from infra.local.firestore.queries.parse import Query, parse
from infra.local.firestore.queries.run import Hit, count, page
from infra.local.firestore.rpcs.documents import projection
from infra.local.firestore.rpcs.reading import Reading, reading
from infra.local.firestore.store import Store
from infra.local.status_errors import Unimplemented


class Queries:
    """The RPCs that query."""

    def __init__(self, store: Store, billing: Billing) -> None:
        self._store = store
        self._billing = billing

    async def run_query(self, request: RunQueryRequest) -> Iterator[Message]:
        """Run a query as of one time."""
        if request.HasField("explain_options"):
            raise Unimplemented("RunQueryRequest.explain_options (query explain)")
        database_name, parent_path = names.parent(request.parent)
        query = parse(database_name, parent_path, request.structured_query)
        async with reading(self._store.database(database_name), request) as view:
            await view.prepare(query)
            skipped, hits = await _run(view, query)
            self._billing.reads(database_name, skipped + len(hits))
            return _responses(view.begun, view.read_time(), query, skipped, hits)

    async def run_aggregation_query(
        self, request: RunAggregationQueryRequest
    ) -> Iterator[RunAggregationQueryResponse]:
        """Aggregate the results of a query as of one time."""
        if request.HasField("explain_options"):
            raise Unimplemented("RunAggregationQueryRequest.explain_options (query explain)")
        database_name, parent_path = names.parent(request.parent)
        aggregation_query = request.structured_aggregation_query
        aggregations = aggregate.parse(aggregation_query.aggregations)
        present = aggregate.fields(aggregations)
        query = parse(database_name, parent_path, aggregation_query.structured_query, present)
        query = replace(query, limit=aggregate.enough(query, aggregations))
        async with reading(self._store.database(database_name), request) as view:
            await view.prepare(query)
            by_index_alone = not (present or view.holder)
            counted = count(view.database.documents, query, view.time) if by_index_alone else None
            data: list[bytes] = []
            if counted is None:
                skipped, hits = await _run(view, query)
                data = [hit.version.data for hit in hits]
                found = len(hits)
            else:
                skipped, found = counted
            self._billing.aggregation(database_name, skipped + found)
            response = RunAggregationQueryResponse(transaction=view.begun, read_time=view.read_time())
            for alias, value in aggregate.compute(aggregations, found, data).items():
                response.result.aggregate_fields[alias].CopyFrom(value)
            return iter([response])


async def _run(view: Reading, query: Query) -> tuple[int, list[Hit]]:
    """Run a prepared query, and lock the part that it read if its transaction needs that."""
    locks = view.database.locks
    if view.holder:
        await locks.read_query(view.holder, QueryLock(query, query.upper))
    skipped, hits = page(view.database.documents, query, view.time)
    if view.holder:
        locks.scanned(view.holder, QueryLock(query, _covered(query, hits)))
    return skipped, hits


def _covered(query: Query, hits: list[Hit]) -> bytes:
    """Return the sort key at which a query ended (exclusive): after its last result if its limit ended it."""
    if query.limit is None or len(hits) < query.limit:
        return query.upper
    return hits[-1].key + ordering.AFTER if hits else query.lower


def _responses(
    begun: bytes, read_time: Timestamp, query: Query, skipped: int, hits: list[Hit]
) -> Iterator[Message]:
    if begun:
        yield RunQueryResponse(transaction=begun)
    if skipped or not hits:
        yield RunQueryResponse(skipped_results=skipped, read_time=read_time)
    time, project = read_time.SerializeToString(), projection(query.select or ())
    for hit in hits:
        yield partial.query_response(project(hit.version.data), time)
