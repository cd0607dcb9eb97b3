"""A client of an emulator's control endpoint, for counters and faults."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx

from tests.plain_http import NO_AUTHORITIES

_MANY = 1_000_000
# Longer than any test: `release` ends the delay.
UNTIL_RELEASED = 600_000
_TRIES = 3


@dataclass(frozen=True)
class Control:
    """An emulator's counters for a project, and its faults."""

    http: httpx.AsyncClient
    project: str

    @classmethod
    @asynccontextmanager
    async def of(cls, address: str, project: str) -> AsyncIterator[Self]:
        """Connect to a control endpoint."""
        async with httpx.AsyncClient(base_url=address, verify=NO_AUTHORITIES) as http:
            yield cls(http, project)

    async def billed(self, unit: str) -> int:
        """Return how many units were billed."""
        counters = await self._counters()
        return int(counters[unit])

    async def reads_of(self, call: Callable[[], Awaitable[object]], *, expected: int = 0) -> int:
        """Return how many documents a call reads: the minimum of three calls, because schedules read too.

        If a call reads no more than expected, it is not repeated.
        """
        costs: list[int] = []
        while len(costs) < _TRIES and min(costs, default=expected + 1) > expected:
            before = await self.billed("reads")
            await call()
            costs.append(await self.billed("reads") - before)
        return min(costs)

    async def rpcs(self) -> Counter[str]:
        """Return the number of calls by RPC."""
        return Counter((await self._counters())["rpcs"])

    async def fail_next(self, method: str | None, **fault: Any) -> None:  # noqa: ANN401 - the endpoint's JSON
        """Inject a fault into the next call of an RPC, or of any."""
        response = await self.http.post("/faults", json={"method": method, **fault})
        assert response.is_success, response.text

    @asynccontextmanager
    async def holding(self, *methods: str, pattern: str) -> AsyncIterator[None]:
        """Fail all matching calls of the RPCs until the end of the block.

        The product retries failed reads until the deadline of its request.
        """
        for method in methods:
            await self.fail_next(method, pattern=pattern, count=_MANY, code="UNAVAILABLE")
        try:
            yield
        finally:
            await self.forget()

    async def are_held(self) -> None:
        """Wait until each held RPC was called."""
        while any(fault["count"] == _MANY for fault in await self.waiting()):
            pass

    async def tally(self, method: str | None, pattern: str) -> None:
        """Count the calls of an RPC, or of all, whose names match, by a fault without effect."""
        await self.fail_next(method, pattern=pattern, count=_MANY, delay_ms=0)

    async def tallied(self) -> int:
        """Stop counting, and return the number of calls."""
        [fault] = await self.forget()
        return _MANY - int(fault["count"])

    async def waiting(self) -> list[Any]:
        """Return the faults that are still to be injected."""
        waiting: list[Any] = (await self.http.get("/faults")).json()["faults"]
        return waiting

    async def struck(self) -> None:
        """Wait until all faults have been injected."""
        while await self.waiting():
            pass

    async def release(self) -> None:
        """End the delays of the faults, all of which have been injected."""
        assert await self.forget() == []

    async def forget(self) -> list[Any]:
        """Remove the remaining faults, end the delays of the others, and return the remaining ones."""
        forgotten: list[Any] = (await self.http.delete("/faults")).json()["faults"]
        return forgotten

    async def _counters(self) -> dict[str, Any]:
        counters: dict[str, Any] = (await self.http.get("/counters")).json()[self.project]
        return counters
