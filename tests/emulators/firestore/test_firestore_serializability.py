"""Histories of many concurrent real clients have an order that explains every response.

For longer histories: `EMULATOR_OPERATIONS=20000 python -m pytest -k serializability`.
"""

import asyncio
import os
import time
from pathlib import Path

import pytest

from tests.emulators.firestore.emulator import Emulator, running
from tests.emulators.firestore.history import Operation, contradictions
from tests.emulators.firestore.registers import Registers

OPERATIONS = int(os.environ.get("EMULATOR_OPERATIONS", "600"))
CLIENTS = 16


@pytest.fixture
def seed() -> int:
    """Shown when the test fails; it does not determine the order of concurrent operations."""
    seed = time.time_ns()
    print(f"{seed=}")  # noqa: T201 - to investigate failures
    return seed


async def test_one_order_explains_every_response(emulator: Emulator, database: str, seed: int) -> None:
    history = await act(emulator, database, seed, OPERATIONS)
    assert contradictions(history) == []
    assert len(history) > OPERATIONS / 4


async def test_one_order_explains_every_response_also_where_commits_wait_for_the_disk(
    tmp_path: Path, database: str, seed: int
) -> None:
    with running("--data", str(tmp_path)) as emulator:
        history = await act(emulator, database, seed, OPERATIONS)
    assert contradictions(history) == []
    assert len(history) > OPERATIONS / 4


async def act(emulator: Emulator, database: str, seed: int, operations: int) -> list[Operation]:
    history: list[Operation] = []
    clients = [
        Registers(f"client {number}", emulator.host, database, f"{seed} {number}", history)
        for number in range(CLIENTS)
    ]
    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(client.act(operations // CLIENTS))
    for client in clients:
        await client.close()
    return history
