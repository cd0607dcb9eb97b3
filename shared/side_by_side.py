"""Calls side by side, and no more at a time than one request may have under way."""

import asyncio
from collections.abc import Coroutine, Iterable
from itertools import chain, islice
from typing import Any, TypeVar

AT_ONCE = 32

Result = TypeVar("Result")


async def side_by_side(calls: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Make calls, some at a time, and give their results in order.

    The first that fails ends those that are under way, and no other is begun.
    """
    results: dict[int, Result] = {}
    numbered = enumerate(calls)

    async def make(first: tuple[int, Coroutine[Any, Any, Result]]) -> None:
        for number, call in chain([first], numbered):
            results[number] = await call

    failure: Exception | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for first in islice(numbered, AT_ONCE):
                group.create_task(make(first))
    except ExceptionGroup as failures:
        failure = failures.exceptions[0]
    if failure is not None:
        raise failure  # as it came: the group has nothing to add to what caused it
    return [results[number] for number in range(len(results))]
