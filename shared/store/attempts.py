"""Trying again: with growing pauses, for as long as the request may take."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.store.errors import Contended, StoreError, Unclear

# Exponential backoff with full jitter: https://cloud.google.com/firestore/docs/best-practices
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0

Result = TypeVar("Result")


async def attempts(deadline: Deadline) -> AsyncIterator[None]:
    """Give one turn after the other until the deadline."""
    pause = FIRST_PAUSE
    while deadline.left > 0:
        yield
        await asyncio.sleep(min(random.uniform(0, pause), max(deadline.left, 0)))  # noqa: S311 - no secret
        pause = min(2 * pause, LONGEST_PAUSE)


async def repeated(call: Callable[[], Awaitable[Result]], deadline: Deadline) -> Result:
    """Make a call that may be made twice, again while the store does not answer it.

    Raises:
        Unavailable: it never did, until the deadline.
        Refused: the store will not answer, such as a query that needs an index which it does not have.
    """
    failure: StoreError | None = None
    async for _ in attempts(deadline):
        try:
            return await call()
        except (Contended, Unclear) as error:
            failure = error
    raise Unavailable from failure
