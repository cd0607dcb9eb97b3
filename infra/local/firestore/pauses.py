"""Long work on the event loop, with pauses for other calls."""

import asyncio
from collections.abc import Iterator

# Long enough to read and answer a waiting call, which takes several iterations of the event loop.
PAUSE = 0.001


async def pauses(work: Iterator[None]) -> None:
    """Complete the work, with a pause each time it yields."""
    for _ in work:
        await asyncio.sleep(PAUSE)
