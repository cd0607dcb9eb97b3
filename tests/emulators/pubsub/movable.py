"""Run an emulator whose clock the test advances by the seconds in each line of standard input."""

import asyncio
import sys
import time
from pathlib import Path

from infra.local.pubsub.server import TICK, running


class MovableClock:
    def __init__(self) -> None:
        self._offset = 0.0

    def __call__(self) -> float:
        return time.time() + self._offset

    def move(self, seconds: float) -> None:
        self._offset += seconds


async def main() -> None:
    clock = MovableClock()
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    async with running("127.0.0.1", 0, 0, data, clock) as at:
        say(f"Pub/Sub emulator on {at.grpc}, control on {at.control}")
        while line := await asyncio.to_thread(sys.stdin.readline):
            clock.move(float(line))
            await asyncio.sleep(2 * TICK)  # until everything that is now due is done
            say("moved")


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the test reads it


asyncio.run(main())
