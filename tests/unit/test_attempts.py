"""The delays between attempts."""

import asyncio
import itertools

import pytest

from shared.domain.attempts import Attempts
from shared.domain.deadline import Deadline
from tests import virtual_time

RUNS = 200


def attempts(seconds: float) -> tuple[list[float], float]:
    """Make attempts until a deadline; return the time of each, and the time when they ended."""

    async def take() -> tuple[list[float], float]:
        time = asyncio.get_running_loop().time
        return [time() async for _ in Attempts(Deadline(seconds, monotonic=time))], time()

    return virtual_time.run(take())


def test_pauses_are_of_any_length_up_to_a_limit_that_doubles_until_it_is_a_second() -> None:
    limits = [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0]
    runs = [itertools.pairwise(attempts(30)[0]) for _ in range(RUNS)]
    for limit, turns in zip(limits, zip(*runs, strict=False), strict=False):
        pauses = [later - earlier for earlier, later in turns]
        assert 0 <= min(pauses) < 0.1 * limit
        assert 0.9 * limit < max(pauses) < 1.001 * limit


def test_the_last_pause_ends_at_the_deadline() -> None:
    for _ in range(RUNS):
        turns, ended = attempts(0.5)
        assert turns[0] == 0
        assert turns[-1] <= 0.5
        assert ended == pytest.approx(0.5)
