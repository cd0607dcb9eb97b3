"""A function as a child of the stack, served by functions-framework as in production."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from secrets import token_hex

from infra.local import topology
from infra.local.fork_server import ForkServer
from infra.local.processes import Process, Report
from infra.local.spawn import Run

# Random, because no line with it is shown: a client that knew it could hide its requests.
PROBE_ID = f"is-it-ready-{token_hex(16)}"
PROBE = (
    "GET /health/liveness HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    f"X-Request-Id: {PROBE_ID}\r\nConnection: close\r\n\r\n"
).encode()


class Function(Process):
    """One function, on a port on which the stack listens.

    The stack owns the socket. So the port is known before the function runs, no other process can take it,
    and clients that connect while the function starts or restarts wait.
    """

    def __init__(
        self,
        function: topology.Function,
        fork_server: ForkServer,
        report: Report,
        on_ready: Callable[[], Awaitable[None]],
    ) -> None:
        """Listen on a port for the function."""
        super().__init__(function.name, report, on_ready)
        self._function = function
        self._fork_server = fork_server
        self._environment: Mapping[str, str] = {}
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)

    def start_with(self, environment: Mapping[str, str]) -> None:
        """Start the function with this environment and the additions of the topology."""
        debug = {"DEBUG": ""}  # functions-framework reads it like --debug, for its development server
        self._environment = {**environment, **self._function.environment, **debug}
        self.start()

    @property
    def port(self) -> int:
        """The function's port on 127.0.0.1."""
        port: int = self._socket.getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop the function, and refuse connections from now on."""
        await super().stop()
        self._socket.close()

    async def _begin(self) -> Run:
        command = (
            "functions_framework",
            *("--source", str(self._function.source)),
            *("--target", self._function.entry_point),
            *("--host", "127.0.0.1"),
            *("--port", str(self.port)),
        )
        return await self._fork_server.fork(command, self._environment, self._socket.fileno(), self._printed)

    def _printed(self, line: str) -> None:
        if PROBE_ID not in line:  # the probe is not a user's request
            super()._printed(line)

    async def _until_ready(self) -> None:
        # No polling: the connection waits in the socket's backlog until the function accepts it.
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(PROBE)
            if not await reader.readline():
                raise ConnectionError("it hung up before it answered")
        finally:
            writer.close()
