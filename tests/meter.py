"""Measure the cost of one call by the emulators' counters, while nothing else happens."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field

from tests.bench.client import ask_json, request
from tests.bench.served import Backends
from tests.bench.store import Store

TIMEOUT = 10.0
PAUSE = 0.05
_GET = request("GET", "/counters", "")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The emulators' counts.

    Attributes:
        rpcs: the RPCs before the response, by name. The commit that deletes published events comes later, for
            many requests together.
        billed: Firestore's operations, including the deletes of published events, and the published messages.
        dropping: the RPCs after the response, except any that began before the counters were read.
    """

    rpcs: Counter[str]
    billed: Counter[str]
    dropping: Counter[str] = field(default_factory=Counter, compare=False)


class Meter:
    """Reads the counters of both emulators around a request."""

    def __init__(self, backends: Backends, store: Store) -> None:
        self._project = backends.project
        self._controls = (backends.firestore_control, backends.pubsub_control)
        self._store = store

    async def cost(self, call: Awaitable[object], *, dropped: int) -> Cost:
        """Measure a call while nothing else happens.

        Args:
            call: the call.
            dropped: the number of published events whose deletion from the outbox to wait for.
        """
        before = await self._counted()
        await call
        at_response = await self._counted()
        async with asyncio.timeout(TIMEOUT):
            while (after := await self._counted()).billed["deletes"] < before.billed["deletes"] + dropped:  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(PAUSE)
        return Cost(
            rpcs=at_response.rpcs - before.rpcs,
            billed=after.billed - before.billed,
            dropping=after.rpcs - at_response.rpcs,
        )

    async def quiet(self) -> None:
        """Wait until all published events are deleted from the outbox.

        Raises:
            TimeoutError: the outbox does not become empty.
        """
        async with asyncio.timeout(TIMEOUT):
            while not await self._store.is_empty("outbox"):  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(PAUSE)

    async def _counted(self) -> Cost:
        rpcs: Counter[str] = Counter()
        billed: Counter[str] = Counter()
        for control in self._controls:
            response = await ask_json(int(control.rpartition(":")[2]), _GET)
            counters = response.get(self._project, {})
            rpcs.update(counters.pop("rpcs", {}))
            billed.update(counters)
        return Cost(rpcs=rpcs, billed=billed)


def counted(counts: Counter[str]) -> str:
    """Format counts for people."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())).replace("_", " ")
