"""One function without the rest of the stack, to test its log, and failures of its services."""

import json
from asyncio import Queue, wait_for
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from infra.local import topology
from infra.local.fork_server import ForkServer
from infra.local.function import Function
from infra.local.processes import Report
from tests.plain_http import NO_AUTHORITIES

TIMEOUT = 10.0


@dataclass(frozen=True)
class LoneFunction:
    """A running function, with a client, its port on 127.0.0.1, and its output lines."""

    http: httpx.AsyncClient
    port: int
    _lines: Queue[str]
    _function: Function

    @property
    def arbiter(self) -> int:
        """The id of gunicorn's first process, the parent of the worker."""
        assert self._function.pid
        return self._function.pid

    async def log_entry(self, request_id: str) -> dict[str, Any]:
        """Wait for a request's log entry, and skip entries of other requests."""
        while True:
            line = await wait_for(self._lines.get(), TIMEOUT)
            if line.startswith("{"):
                entry: dict[str, Any] = json.loads(line)
                if entry["request_id"] == request_id:
                    return entry


@asynccontextmanager
async def running_fork_server(
    report: Report = lambda *_: None, **environment: str
) -> AsyncIterator[ForkServer]:
    """Run a fork server for functions until the end of the block."""
    fork_server = ForkServer(report, environment)
    fork_server.start()
    try:
        yield fork_server
    finally:
        await fork_server.stop()


@asynccontextmanager
async def running_function(
    fork_server: ForkServer, name: str, environment: Mapping[str, str]
) -> AsyncIterator[LoneFunction]:
    """Serve a function of the topology until the end of the block."""
    lines: Queue[str] = Queue()

    def printed(_: str, line: str) -> None:
        lines.put_nowait(line)

    async def nothing() -> None:
        pass

    function = Function(topology.load(topology.DEFAULT_FILE).functions[name], fork_server, printed, nothing)
    function.start_with(environment)
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{function.port}", timeout=30, verify=NO_AUTHORITIES
        ) as http:
            yield LoneFunction(http, function.port, lines, function)
    finally:
        await function.stop()
