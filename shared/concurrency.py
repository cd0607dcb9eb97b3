"""Concurrent calls of any number, with a limit on how many of them are in flight."""

import asyncio
from collections.abc import Coroutine, Iterable
from itertools import chain, islice
from typing import Any, TypeVar

# Requests share a connection, on which most servers accept 100 calls at a time:
# https://grpc.io/docs/guides/performance/
MAX_CONCURRENCY = 64

Result = TypeVar("Result")


async def run_concurrently(calls: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Make calls concurrently, at most `MAX_CONCURRENCY` at a time, and return their results in order.

    If a call fails, the calls in flight are cancelled and no others are started.
    """
    results: dict[int, Result] = {}
    numbered = enumerate(calls)

    async def make(first: tuple[int, Coroutine[Any, Any, Result]]) -> None:
        for number, call in chain([first], numbered):
            results[number] = await call

    group = asyncio.TaskGroup()
    failure: BaseException | None = None
    try:
        async with group:
            for first in islice(numbered, MAX_CONCURRENCY):
                group.create_task(make(first))
    except ExceptionGroup as failures:
        # Without its traceback, which has a frame of the task group that keeps the group (3.11).
        failure = failures.with_traceback(None).exceptions[0]
    except asyncio.CancelledError as error:
        failure = error.with_traceback(None)  # which has a frame of the task group that keeps this error
    if failure is not None:
        try:
            raise failure  # without the group, which adds nothing
        finally:
            # Breaks the reference cycles with its traceback, which includes this frame, and with the task
            # that raises it, which the group knows.
            del failure, group
    return [results[number] for number in range(len(results))]
