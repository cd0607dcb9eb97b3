"""Turns for requests that take much memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable

AT_ONCE = 8
# The most bytes of a body, and the most items of a page, that are not large.
SMALL_BODY = 64 * 1024
SMALL_PAGE = 100


class Turns:
    """Lets few large requests run at once, while the others wait.

    An instance serves up to 80 requests at once, in 512 MiB. A page of 1,000 machines of 6 KB takes 7 MB
    until it is sent, and the largest requests take several times as much. They do not become slower by
    waiting, because one thread makes all responses anyway.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)

    def take(self, deadline: Deadline, *, is_large: bool) -> AbstractAsyncContextManager[None]:
        """Return a context that begins when a large request has its turn, and at once for others.

        Raises:
            Unavailable: on entry, if the deadline comes first.
        """
        return self._take(deadline) if is_large else nullcontext()

    @asynccontextmanager
    async def _take(self, deadline: Deadline) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(deadline.left):
                await self._free.acquire()
        except TimeoutError as error:
            raise Unavailable from error
        try:
            yield
        finally:
            self._free.release()
