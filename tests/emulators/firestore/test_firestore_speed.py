"""Speed, on a small scale for every test run; `speed.py` measures on the full scale."""

from collections.abc import Iterator

import pytest

from tests.emulators.firestore import speed
from tests.emulators.firestore.emulator import Emulator, running


@pytest.fixture(scope="module")
def alone() -> Iterator[Emulator]:
    with running() as emulator:
        yield emulator


async def test_commits_from_many_connections_are_served_concurrently(alone: Emulator) -> None:
    """A tenth of the target speed is enough, because of slow machines and other tests."""
    assert await speed.commits_per_second(alone, 1) > 150


def test_small_documents_take_little_memory_and_pages_come_at_once(alone: Emulator) -> None:
    figures = speed.queries(alone, 5_000)
    assert figures["overhead_bytes_per_document"] < 2048
    times = {name: figure for name, figure in figures.items() if name.endswith("_ms")}
    assert all(figure < 200 for figure in times.values()), times  # ten times the target
