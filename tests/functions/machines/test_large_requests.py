"""Large requests wait for their turns, so that an instance's memory is enough for them."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack

import httpx
import pytest

from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.edge.turns import AT_ONCE, Turns
from tests.control import UNTIL_RELEASED, Control
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body

Send = Callable[..., Coroutine[None, None, httpx.Response]]


async def list_pools(machines: MachinesApi, *, is_large: bool) -> httpx.Response:
    return await machines.call("GET", "/v1/pools?include=machines" if is_large else "/v1/pools")


async def list_machines(machines: MachinesApi, *, is_large: bool) -> httpx.Response:
    return await machines.call("GET", f"/v1/machines?limit={101 if is_large else 100}")


async def register(machines: MachinesApi, *, is_large: bool) -> httpx.Response:
    body = a_body(os_info="x" * 65_536) if is_large else a_body()
    return await machines.register(body)


@pytest.mark.parametrize(
    ("send", "rpc"), [(list_machines, "RunQuery"), (list_pools, "RunQuery"), (register, "Commit")]
)
async def test_a_large_request_waits_for_its_turn_and_a_small_one_does_not(
    send: Send, rpc: str, machines: MachinesApi, firestore_control: Control
) -> None:
    mine = machines.organization.id
    await firestore_control.fail_next(rpc, pattern=mine, count=AT_ONCE, delay_ms=UNTIL_RELEASED)
    large = [asyncio.create_task(send(machines, is_large=True)) for _ in range(AT_ONCE + 1)]
    await firestore_control.struck()

    small = [await send(machines, is_large=False) for _ in range(10)]
    waiting = [request for request in large if not request.done()]
    await firestore_control.release()
    served = await asyncio.gather(*large)

    assert all(response.is_success for response in small)
    assert len(waiting) == AT_ONCE + 1
    assert all(response.is_success for response in served)


async def test_a_request_whose_turn_does_not_come_in_time_leaves_it_to_others() -> None:
    turns = Turns()

    async with AsyncExitStack() as held:
        for _ in range(AT_ONCE):
            await held.enter_async_context(turns.take(Deadline(10), is_large=True))
        for left in (0.01, -1):
            with pytest.raises(Unavailable):
                await held.enter_async_context(turns.take(Deadline(left), is_large=True))

    async with AsyncExitStack() as held:
        for _ in range(AT_ONCE):
            await held.enter_async_context(turns.take(Deadline(10), is_large=True))
