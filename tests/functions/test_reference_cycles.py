"""Failures leave no reference cycles: these would keep bodies and documents until a garbage collection.

An exception's traceback has the frames that it passed through. If one of them keeps the exception in a local
variable, both keep each other in memory, and with them everything that the frames have read.
"""

import asyncio
import gc
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import httpx
import pytest

from functions.machines.operations import operations
from shared.bootstrap import Inventory
from shared.bootstrap.api import http_app
from shared.domain.deadline import Deadline
from shared.pb.inventory.v1.records_pb2 import IdentityClaim
from shared.store import writes
from shared.store.effects import Effect
from shared.store.errors import Rejected, StoreError
from shared.store.transaction import Transaction
from shared.store.wire_format import Write
from tests.control import Control
from tests.functions.machines.bodies import a_body
from tests.google_clients import firestore_client
from tests.stack import RunningStack, organization

ROOT = Path(__file__).parents[2]
PRODUCT = (str(ROOT / "functions"), str(ROOT / "shared"))
FOREVER = 1000
LOOP_TURNS = 10

Send = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


async def register(http: httpx.AsyncClient) -> httpx.Response:
    return await http.post("/api/v1/machines", json=a_body())


async def list_machines(http: httpx.AsyncClient) -> httpx.Response:
    return await http.get("/v1/machines?include=pools")


async def get_several_machines(http: httpx.AsyncClient) -> httpx.Response:
    """All but the first request share a call."""
    responses = await asyncio.gather(*(http.get(f"/v1/machines/{uuid.uuid4()}") for _ in range(3)))
    return responses[-1]


async def _commit(inventory: Inventory, write: Write) -> type[StoreError] | None:
    """Commit a write, and return the class of the error if that fails."""
    try:
        await inventory.firestore.commit([write], Deadline(10))
    except StoreError as error:
        return type(error)
    return None


@asynccontextmanager
async def garbage() -> AsyncIterator[list[FrameType]]:
    """Collect the frames of the product that only a garbage collection would free."""
    frames: list[FrameType] = []
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield frames
        for _ in range(LOOP_TURNS):  # in which the tasks of calls end
            await asyncio.sleep(0)
        gc.collect()
        found = (thing for thing in gc.garbage if isinstance(thing, FrameType))
        frames += (frame for frame in found if frame.f_code.co_filename.startswith(PRODUCT))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.fixture
async def http(
    own: Inventory, project: str, stack: RunningStack, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the `machines` function in this process, whose requests have two seconds."""
    monkeypatch.setattr("shared.edge.resource.REQUEST_SECONDS", 2.0)
    with firestore_client(stack.firestore_emulator_host, project) as client:
        api_key = organization(client, "example").api_key
    transport = httpx.ASGITransport(http_app(own, operations(own)))
    headers = {"Authorization": f"Bearer {api_key}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://function.example.com", headers=headers
    ) as client:
        yield client


@pytest.mark.parametrize(
    ("send", "code", "status"),
    [
        (register, "PERMISSION_DENIED", 500),
        (register, "ABORTED", 201),
        (register, "UNAVAILABLE", 503),
        (list_machines, "PERMISSION_DENIED", 500),
        (list_machines, "UNAVAILABLE", 503),
        (get_several_machines, "PERMISSION_DENIED", 500),
        (get_several_machines, "UNAVAILABLE", 503),
    ],
)
async def test_a_failed_request_leaves_none(
    send: Send, code: str, status: int, http: httpx.AsyncClient, own_control: Control
) -> None:
    assert (await register(http)).status_code == 201  # reads the key
    await own_control.fail_next(
        None, code=code, count=1 if status == 201 else FOREVER, pattern=own_control.project
    )

    async with garbage() as frames:
        assert (await send(http)).status_code == status

    assert frames == []


async def test_a_failed_lookup_of_a_key_leaves_none(http: httpx.AsyncClient, own_control: Control) -> None:
    await own_control.fail_next(None, code="PERMISSION_DENIED", pattern=own_control.project)

    async with garbage() as frames:
        assert (await register(http)).status_code == 500

    assert frames == []


async def test_a_rejected_write_that_shares_a_call_leaves_none(own: Inventory) -> None:
    claims = [writes.create(own.firestore.name(f"identities/{mac}"), IdentityClaim()) for mac in range(3)]
    created = [await _commit(own, claim) for claim in claims]

    async with garbage() as frames:
        again = await asyncio.gather(*(_commit(own, claim) for claim in claims))

    assert (created, again) == ([None] * 3, [Rejected] * 3)
    assert frames == []


async def test_an_effect_that_is_tried_again_leaves_none(own: Inventory, own_control: Control) -> None:
    async def decide(_: Transaction) -> Effect:
        return Effect()

    await own_control.fail_next("Commit", code="ABORTED", pattern=own_control.project)

    async with garbage() as frames:
        await own.effects.apply("subscription", "event", decide, Deadline(10))

    assert frames == []
