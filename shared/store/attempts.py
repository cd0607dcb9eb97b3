"""Trying again: with growing pauses, for as long as the request may take."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Self, TypeVar

from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.store.errors import Contended, StoreError, Unclear

# Exponential backoff with full jitter: https://cloud.google.com/firestore/docs/best-practices
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0

Result = TypeVar("Result")


class Attempts:
    """Turns until a deadline, one after the other: `async for _ in Attempts(deadline)`.

    Not an asynchronous generator: most would be left after their first turn, and the event loop ends each of
    those in a task of its own, for which it wakes itself.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._pause = 0.0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> None:
        if self._pause:
            pause = random.uniform(0, self._pause)  # noqa: S311 - no secret
            await asyncio.sleep(min(pause, max(self._deadline.left, 0)))
        if self._deadline.left <= 0:
            raise StopAsyncIteration
        self._pause = min(2 * self._pause, LONGEST_PAUSE) if self._pause else FIRST_PAUSE


async def retried(call: Callable[[], Awaitable[Result]], deadline: Deadline) -> Result:
    """Make a call that may be made twice, again while the store does not answer it.

    Raises:
        Unavailable: it never did, until the deadline.
        Refused: the store will not answer, such as a query that needs an index which it does not have.
    """
    failure: StoreError | None = None
    async for _ in Attempts(deadline):
        try:
            return await call()
        except (Contended, Unclear) as error:
            failure = error
    raise Unavailable from failure
