"""Calls side by side, and no more at a time than one request may have under way."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

AT_ONCE = 32

Result = TypeVar("Result")


async def side_by_side(calls: Iterable[Awaitable[Result]]) -> list[Result]:
    """Make calls of the store, some at a time, and give their results in order."""
    free = asyncio.Semaphore(AT_ONCE)

    async def made(call: Awaitable[Result]) -> Result:
        async with free:
            return await call

    return await asyncio.gather(*map(made, calls))
