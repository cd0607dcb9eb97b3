"""Published events leave the outbox, many in one commit and off the path of any answer."""

import asyncio
import logging
from collections.abc import Iterable

from shared import logs
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.store import paths, writes
from shared.store.errors import StoreError
from shared.store.firestore import Firestore

# How long published documents are collected: more of them in one commit, against what a crash leaves to the
# relay, which then publishes it once more.
COLLECT_SECONDS = 0.5
# https://cloud.google.com/firestore/quotas: a commit has no limit of writes any more, but one of 10 MiB.
BATCH = 500


class Outbox:
    """Drops what is published; what it fails to drop, the relay publishes again and drops."""

    def __init__(self, firestore: Firestore) -> None:
        self._firestore = firestore
        self._published: list[str] = []
        self._dropping: asyncio.Task[None] | None = None

    def drop(self, event_ids: Iterable[str]) -> None:
        """Have published events dropped soon, if this instance gets the time."""
        self._published += event_ids
        if self._published and (self._dropping is None or self._dropping.done()):
            self._dropping = asyncio.create_task(self._drop_collected())

    async def _drop_collected(self) -> None:
        while self._published:
            await asyncio.sleep(COLLECT_SECONDS)
            batch, self._published = self._published[:BATCH], self._published[BATCH:]
            names = [self._firestore.name(paths.outbox(event_id)) for event_id in batch]
            try:
                await self._firestore.commit([writes.delete(name) for name in names], Deadline(10))
            except (StoreError, Unavailable) as error:
                logs.log(
                    logging.WARNING,
                    "outbox not emptied, left to the relay",
                    {"events": len(batch)},
                    error=error,
                )
