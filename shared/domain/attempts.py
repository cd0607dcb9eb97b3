"""Attempts with growing delays until a deadline."""

import asyncio
import random
from typing import Self

from shared.domain.deadline import Deadline

# Exponential backoff with full jitter: https://cloud.google.com/firestore/docs/best-practices
INITIAL_DELAY, MAX_DELAY = 0.02, 1.0


class Attempts:
    """Attempts until a deadline, with delays between them: `async for _ in Attempts(deadline)`.

    This is not an asynchronous generator. Most of them would be left after the first attempt, and the event
    loop wakes up and starts a task to close each of these.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._delay = 0.0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> None:
        if self._delay:
            delay = random.uniform(0, self._delay)  # noqa: S311 - no secret
            await asyncio.sleep(min(delay, max(self._deadline.left, 0)))
        if self._deadline.left <= 0:
            raise StopAsyncIteration
        self._delay = min(2 * self._delay, MAX_DELAY) if self._delay else INITIAL_DELAY
