"""The outbox: events that are committed, and leave it once they are published."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextvars import Context
from functools import partial

from google_apis.firestore.document_pb2 import Document, Value
from google_apis.firestore.query_pb2 import Cursor
from shared import logs
from shared.domain.deadline import Deadline
from shared.store import paths, writes
from shared.store.attempts import retried
from shared.store.batches import batches
from shared.store.errors import FAILURES
from shared.store.firestore import Firestore
from shared.store.queries import all_in

# How long published documents are collected: more of them in one commit, against what a crash leaves to the
# relay, which then publishes it once more.
COLLECT_SECONDS = 0.5
DROP_SECONDS = 10.0
# https://cloud.google.com/firestore/quotas: a commit has no limit of writes any more, but one of 10 MiB.
BATCH = 500
# A document may have 1 MiB, and a page is in memory as a whole.
PAGE = 50


class Outbox:
    """Reads what waits, and drops what is published; what it fails to drop, the relay publishes again."""

    def __init__(self, firestore: Firestore) -> None:
        self._firestore = firestore
        self._published: list[str] = []
        self._dropping: asyncio.Task[None] | None = None

    def drop(self, event_ids: Iterable[str]) -> None:
        """Have published events dropped soon, if this instance gets the time."""
        self._published += event_ids
        if self._published and (self._dropping is None or self._dropping.done()):
            # In no request's context: the events are those of many.
            self._dropping = asyncio.create_task(self._drop_collected(), context=Context())

    async def dropped(self, seconds: float) -> None:
        """Wait for what is to be dropped: after its answer an instance may get no CPU until the next request.

        https://cloud.google.com/run/docs/tips/general#background-activity
        """
        if self._dropping is not None:
            await asyncio.wait([self._dropping], timeout=seconds)

    async def remove(self, documents: Sequence[str], deadline: Deadline) -> None:
        """Delete outbox documents by their full names.

        Raises:
            Unavailable: not all of them could be, until the deadline.
            StoreError, grpc.aio.AioRpcError: the store refuses.
        """
        for names in batches(documents, BATCH):
            deletes = [writes.delete(name) for name in names]
            await retried(partial(self._firestore.commit, deletes, deadline), deadline)

    async def waiting(
        self, *, most: int, most_bytes: int, deadline: Deadline
    ) -> AsyncIterator[list[Document]]:
        """Read the outbox once, in lists that end with the page that reaches one of the limits.

        No index tells the old ones from the young: one on times would be written at its end alone, and limit
        the product to some 500 changes a second. There are few young ones, as most are dropped within a
        second. An empty outbox costs the one read that Firestore charges for any query.
        https://cloud.google.com/firestore/pricing#charges-for-queries

        Raises:
            Unavailable: it cannot be read, until the deadline.
        """
        documents: list[Document] = []
        size = 0
        page = await self._page(None, deadline)
        while page:
            documents += page
            size += sum(document.ByteSize() for document in page)
            if len(documents) >= most or size >= most_bytes:
                yield documents
                documents, size = [], 0
            page = await self._page(page[-1], deadline) if len(page) == PAGE else []
        if documents:
            yield documents

    async def _page(self, after: Document | None, deadline: Deadline) -> list[Document]:
        query = all_in("outbox")
        query.order_by.add().field.field_path = "__name__"
        query.limit.value = PAGE
        if after is not None:
            query.start_at.CopyFrom(Cursor(values=[Value(reference_value=after.name)], before=False))
        return await self._firestore.query("", query, deadline)

    async def _drop_collected(self) -> None:
        while self._published:
            if len(self._published) < BATCH:
                await asyncio.sleep(COLLECT_SECONDS)
            batch, self._published = self._published[:BATCH], self._published[BATCH:]
            names = [self._firestore.name(paths.outbox(event_id)) for event_id in batch]
            try:
                await self.remove(names, Deadline(DROP_SECONDS))
            except FAILURES as error:
                fields = {"events": len(batch)}
                logs.log(logging.WARNING, "outbox not emptied, left to the relay", fields, error=error)
