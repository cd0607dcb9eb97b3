"""Many calls of the store: some at a time, their results in order."""

import asyncio

from shared.store.side_by_side import AT_ONCE, side_by_side


async def test_no_more_calls_than_allowed_are_under_way_at_once() -> None:
    under_way: set[int] = set()
    most = 0

    async def call(number: int) -> int:
        nonlocal most
        under_way.add(number)
        most = max(most, len(under_way))
        await asyncio.sleep(0)
        under_way.remove(number)
        return number

    assert list(range(200)) == await side_by_side(call(number) for number in range(200))
    assert most == AT_ONCE
