"""Serves the gateway beside whatever else its process does."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from infra.local.gateway import Gateway, new_request_id, problem


class Server(uvicorn.Server):
    """uvicorn on a socket that listens already, with no header, log line or signal handler of its own."""

    def __init__(self, gateway: Gateway, listener: socket.socket) -> None:
        """Prepare to serve a gateway."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        super().__init__(
            uvicorn.Config(
                gateway,
                http=_Protocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=1,
            )
        )
        self._gateway = gateway
        self._listener = listener
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the gateway is."""
        return "http://{}:{}".format(*self._listener.getsockname())

    def start(self) -> None:
        """Answer requests, first those that have waited on the socket."""
        self._serving = asyncio.create_task(self.serve(sockets=[self._listener]))

    async def stop(self) -> None:
        """Take no more requests, and give those under way a second."""
        self.should_exit = True
        if self._serving:
            await self._serving
        self._gateway.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the stack."""
        yield


class _Protocol(HttpToolsProtocol):
    """Refuses bytes that are no request with a problem, as everything is refused."""

    def send_400_response(self, msg: str) -> None:
        """Answer, and close the connection: where the next request would begin nobody knows."""
        headers, body = problem(400, "Bad Request", msg, instance="", request_id=new_request_id())
        lines = [
            b"HTTP/1.1 400 Bad Request",
            *(b"%b: %b" % header for header in headers),
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self.transport.close()
