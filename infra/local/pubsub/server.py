"""The whole emulator: its gRPC server, its control endpoint and its timed tasks."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path

from infra.local.command import Addresses, background, serving
from infra.local.control import Control
from infra.local.counters import Counters
from infra.local.faults import Faults
from infra.local.pubsub.broker import Broker
from infra.local.pubsub.clock import Clock
from infra.local.pubsub.journal import Journal
from infra.local.pubsub.names import targets
from infra.local.pubsub.publisher import Publisher
from infra.local.pubsub.push import Pushing
from infra.local.pubsub.schema_service import SchemaService
from infra.local.pubsub.sqlite import SqliteJournal
from infra.local.pubsub.streaming import StreamingPull
from infra.local.pubsub.subscriber import Subscriber
from infra.local.wire import Wire

TICK = 0.05  # seconds: the precision of backoffs, and how often deadlines are checked
_TICKS_TO_EXPIRY = 20


@contextlib.asynccontextmanager
async def running(
    host: str, port: int, control_port: int, data: Path | None = None, clock: Clock = time.time
) -> AsyncIterator[Addresses]:
    """Run an emulator.

    Args:
        host: The address to listen on.
        port: The port for gRPC; 0 for a free one.
        control_port: The port for the control endpoint; 0 for a free one.
        data: The folder for the state; None to keep the state only in memory.
        clock: Returns the time.

    Raises:
        EmulatorError: a port is taken, or the folder cannot be used.
    """
    counters = Counters("published", "delivered", "acked")
    faults = Faults()
    broker = Broker(clock, SqliteJournal(data) if data else Journal())
    wire = Wire(counters, faults, targets)
    try:
        async with (
            serving(
                (
                    Publisher(broker, counters).on(wire),
                    Subscriber(broker, counters).on(wire),
                    StreamingPull(broker, counters, wire).handler(),
                    SchemaService(broker).on(wire),
                ),
                Control(counters, faults),
                host,
                port,
                control_port,
                grace=0,
            ) as addresses,
            background(_run(broker, Pushing(broker, counters, faults)), broker.journal.broken()),
        ):
            yield addresses
    finally:
        await broker.journal.close()


async def _run(broker: Broker, pushing: Pushing) -> None:
    """Run the timed tasks forever: deadlines, backoffs, push and expiration."""
    try:
        for tick in itertools.count():
            broker.tick()
            pushing.update()
            if tick % _TICKS_TO_EXPIRY == 0:
                broker.expire()
            await asyncio.sleep(TICK)
    finally:
        await pushing.stop()
