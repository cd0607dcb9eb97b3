"""Speed, on a small scale for every test run; `speed.py` measures on the full scale."""

import asyncio
from collections.abc import Iterator

import pytest

from tests import proc
from tests.control import UNTIL_RELEASED, Control
from tests.emulators.firestore import speed
from tests.emulators.firestore.emulator import Emulator, running

MANY, FEW = 5_000, 200
REPEATS = 20


@pytest.fixture(scope="module")
def alone() -> Iterator[Emulator]:
    with running() as emulator:
        yield emulator


async def test_commits_from_many_connections_are_served_concurrently_and_fast(alone: Emulator) -> None:
    """A tenth of the target speed is enough, in CPU time: a machine can have other work."""
    async with Control.of(str(alone.control.base_url), speed.PROJECT) as control:
        await control.fail_next("Commit", count=speed.CONNECTIONS, delay_ms=UNTIL_RELEASED)
        committing = asyncio.create_task(speed.commits_per_second(alone, 600))
        await control.struck()  # each connection has a commit in flight
        committing.cancel()
        await control.release()
    await asyncio.wait([committing])

    before = proc.cpu_seconds(alone.process.pid)
    commits = await speed.commits_per_second(alone, 1)
    assert commits > 150 * (proc.cpu_seconds(alone.process.pid) - before)


def test_small_documents_take_little_memory_and_pages_come_at_once(alone: Emulator) -> None:
    """A page of many documents takes no more time than one of few, and a tenth of the target speed."""
    assert speed.fill(alone, "many", MANY) < 2048
    speed.fill(alone, "few", FEW)
    with alone.client(speed.PROJECT) as client:
        pages = [speed.pages(client.collection(name), size) for name, size in (("many", MANY), ("few", FEW))]
        before = proc.cpu_seconds(alone.process.pid)
        for name in pages[0]:
            times = [[speed.seconds(each[name]) for each in pages] for _ in range(REPEATS)]
            many, few = map(min, zip(*times, strict=True))  # the least disturbed ones
            assert many < 2 * few, name
        used = proc.cpu_seconds(alone.process.pid) - before
    assert used < 0.2 * REPEATS * 2 * len(pages[0])
