"""A function as a child of the stack, served as it is in production: by functions-framework."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence

from infra.local import topology
from infra.local.processes import Process, Report

PROBE = b"GET /health/liveness HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


class Function(Process):
    """One function on a port that the stack listens on for it.

    The socket is the stack's, so the port is known before the function runs, is never anybody else's, and
    keeps who connects waiting while the function starts or is started again.
    """

    def __init__(
        self,
        function: topology.Function,
        report: Report,
        on_ready: Callable[[], Awaitable[None]],
    ) -> None:
        """Listen for a function."""
        super().__init__(function.name, report, on_ready)
        self._function = function
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the function with what the topology gives it beside this environment."""
        own = {
            "MUSTER_LISTENER": str(self._socket.fileno()),
            "DEBUG": "",  # functions-framework would take it for --debug, its development server
        }
        super().start({**environment, **self._function.environment, **own})

    @property
    def port(self) -> int:
        """Where the function is served on 127.0.0.1."""
        port: int = self._socket.getsockname()[1]
        return port

    async def stop(self) -> None:
        """End the function, and refuse who connects from now on."""
        await super().stop()
        self._socket.close()

    def _command(self) -> Sequence[str]:
        return (
            "functions_framework",
            *("--source", str(self._function.source)),
            *("--target", self._function.entry_point),
            *("--host", "127.0.0.1"),
            *("--port", str(self.port)),
        )

    def _inherited(self) -> Sequence[int]:
        return (self._socket.fileno(),)

    async def _until_ready(self) -> None:
        # No polling: the connection waits in the socket's backlog until the function takes it.
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(PROBE)
            await reader.readline()
        finally:
            writer.close()
