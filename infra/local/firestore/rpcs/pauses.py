"""Long work on the event loop, with other calls in between."""

import asyncio
from collections.abc import Iterator

# Long enough for a call that waits to be read and answered: that takes several turns of the loop.
PAUSE = 0.001


async def pauses(work: Iterator[None]) -> None:
    """Do work to its end, and let others run whenever it yields."""
    for _ in work:
        await asyncio.sleep(PAUSE)
