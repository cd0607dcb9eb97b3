"""Upkeep of indexes between calls, so that queries find them up to date."""

import asyncio

from infra.local.firestore.pauses import pauses
from infra.local.firestore.store import Store

# Seconds from a change until the indexes are brought up to date, so that many changes are one wake-up.
_DELAY = 0.1


async def keep_indexes(store: Store) -> None:
    """Bring indexes up to date at the start and after changes, forever, while other calls are served."""
    while True:
        store.changed.clear()
        for database in store.databases():
            await pauses(database.documents.bring_indexes_up_to_date())
        await store.changed.wait()
        await asyncio.sleep(_DELAY)
