"""The outbox: committed events, which are deleted after they are published."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextvars import Context
from datetime import datetime
from functools import partial

import grpc.aio

from google_apis.firestore.document_pb2 import Document, Value
from shared import logs
from shared.domain.deadline import Deadline
from shared.store import paths, writes
from shared.store.batches import batches
from shared.store.errors import FAILURES, is_too_big
from shared.store.firestore import Firestore
from shared.store.queries import all_in
from shared.store.retries import with_retries

# How long published documents are collected before they are deleted in one commit. A longer time means fewer
# commits, but a crash leaves more events, which the relay publishes again.
COLLECT_SECONDS = 0.5
DROP_SECONDS = 10.0
# A commit can have any number of writes, but not documents of more than some 10 MiB in total, even if it only
# deletes them: https://github.com/firebase/firebase-tools/issues/1036
BATCH = 500
# The most events of a query. Each query waits for the one before, so small pages of a long backlog would take
# more time than the relay has.
PAGE = 1000


class Outbox:
    """Reads waiting events and deletes published ones; the relay republishes those it fails to delete."""

    def __init__(self, firestore: Firestore) -> None:
        self._firestore = firestore
        self._published: list[str] = []
        self._dropping: asyncio.Task[None] | None = None

    def drop(self, event_ids: Iterable[str]) -> None:
        """Delete published events soon, in the background, if the instance has CPU then."""
        self._published += event_ids
        if self._published and (self._dropping is None or self._dropping.done()):
            # Not in a request's context, because the events are those of many requests.
            self._dropping = asyncio.create_task(self._drop_collected(), context=Context())

    async def flush(self, seconds: float) -> None:
        """Wait for the deletions: after the response, an instance may get no CPU until the next request.

        https://cloud.google.com/run/docs/tips/general#background-activity
        """
        if self._dropping is not None:
            await asyncio.wait([self._dropping], timeout=seconds)

    async def remove(self, documents: Sequence[str], deadline: Deadline) -> None:
        """Delete outbox documents by their full names.

        Raises:
            Unavailable: not all of them could be deleted before the deadline.
            StoreError, grpc.aio.AioRpcError: the store rejects the call.
        """
        for names in batches(documents, BATCH):
            await self._delete(names, deadline)

    async def waiting(
        self, *, max_events: int, max_bytes: int, deadline: Deadline
    ) -> AsyncIterator[tuple[list[Document], datetime]]:
        """Read the outbox once, in parts within the limits, each with its read time.

        A part of several pages has the time of the last one. Only its last event exceeds `max_bytes`.

        There is no index to select old documents. An index on times would have a hot end, and limit the
        product to some 500 changes a second. Few documents are young, because most are deleted within a
        second. An empty outbox costs one read, which Firestore charges for any query.
        https://cloud.google.com/firestore/pricing#charges-for-queries

        Raises:
            Unavailable: the outbox could not be read before the deadline.
            grpc.aio.AioRpcError: the store rejects a call.
        """
        documents: list[Document] = []
        size = 0
        after: Document | None = None
        while True:
            limit = min(PAGE, max_events - len(documents))
            page, time = await self._page(after, limit, max_bytes - size, deadline)
            documents += page
            size += sum(document.ByteSize() for document in page)
            is_full = len(documents) == max_events or size >= max_bytes
            is_last = len(page) < limit and not is_full
            if documents and (is_full or is_last):
                yield documents, time
                documents, size = [], 0
            if is_last:
                return
            after = page[-1]

    async def _delete(self, names: Sequence[str], deadline: Deadline) -> None:
        """Delete documents in one commit, or in more if they are too large together."""
        deletes = [writes.delete(name) for name in names]
        try:
            await with_retries(partial(self._firestore.commit, deletes, deadline), deadline)
        except grpc.aio.AioRpcError as error:
            if not is_too_big(error) or len(names) == 1:
                raise
            for half in batches(names, (len(names) + 1) // 2):
                await self._delete(half, deadline)

    async def _page(
        self, after: Document | None, limit: int, max_bytes: int, deadline: Deadline
    ) -> tuple[list[Document], datetime]:
        query = all_in("outbox")
        query.order_by.add().field.field_path = "__name__"
        query.limit.value = limit
        if after is not None:
            query.start_at.values.append(Value(reference_value=after.name))
        return await self._firestore.query_with_time("", query, deadline, max_bytes=max_bytes)

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
