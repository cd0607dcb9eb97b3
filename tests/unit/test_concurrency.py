"""Many calls of the store: a limited number at a time, with results in order."""

import asyncio
import gc
import weakref

import pytest

from shared.concurrency import MAX_CONCURRENCY, run_concurrently


async def test_no_more_calls_than_allowed_are_under_way_at_once() -> None:
    under_way: set[int] = set()
    max_in_flight = 0

    async def call(number: int) -> int:
        nonlocal max_in_flight
        under_way.add(number)
        max_in_flight = max(max_in_flight, len(under_way))
        await asyncio.sleep(0)
        under_way.remove(number)
        return number

    assert list(range(200)) == await run_concurrently(call(number) for number in range(200))
    assert max_in_flight == MAX_CONCURRENCY


async def test_the_first_that_fails_ends_what_is_under_way_and_no_other_is_begun() -> None:
    begun: set[int] = set()
    ended: set[int] = set()
    cause = OSError()

    async def call(number: int) -> None:
        begun.add(number)
        try:
            if number == 3:
                raise LookupError from cause
            await asyncio.sleep(60)
        finally:
            ended.add(number)

    with pytest.raises(LookupError) as raised:
        await run_concurrently(call(number) for number in range(200))
    assert (raised.value.__cause__, raised.value.__context__) == (cause, None)
    assert begun == ended == set(range(MAX_CONCURRENCY))


async def test_a_cancellation_leaves_no_reference_cycle() -> None:
    class Document:
        """What a cancelled request has read."""

    async def request() -> None:
        document = Document()
        kept.append(weakref.ref(document))
        await run_concurrently(asyncio.sleep(60) for _ in range(2))

    async def cancelled() -> None:
        running = asyncio.create_task(request())
        await asyncio.sleep(0)  # starts it
        await asyncio.sleep(0)  # starts its calls
        running.cancel()
        await asyncio.wait([running])

    kept: list[weakref.ref[Document]] = []
    gc.disable()
    try:
        await cancelled()
        await asyncio.sleep(0)
        assert [document() for document in kept] == [None]
    finally:
        gc.enable()
