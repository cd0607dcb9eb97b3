"""Serves the gateway in the event loop of the stack."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Iterator

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from infra.local.gateway import Gateway, new_request_id, problem


class Server(uvicorn.Server):
    """uvicorn on a socket that already listens, without its own headers, log lines and signal handlers."""

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
        """The gateway's URL."""
        return "http://{}:{}".format(*self._listener.getsockname())

    def start(self) -> None:
        """Serve requests, including those that already wait on the socket."""
        self._serving = asyncio.create_task(self.serve(sockets=[self._listener]))

    async def stop(self) -> None:
        """Accept no more requests, and wait at most a second for current ones."""
        self.should_exit = True
        if self._serving:
            await self._serving
        self._gateway.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing, because the stack handles signals."""
        yield


class _Protocol(HttpToolsProtocol):
    """Responds to bytes that are not a request with a problem, as all errors are."""

    def on_headers_complete(self) -> None:
        """Reject a body after `Upgrade`: httptools does not read it, so it would become the next request."""
        lengths = {b"content-length", b"transfer-encoding"}
        if self.parser.should_upgrade() and any(
            name in lengths for name, value in self.headers if value != b"0"
        ):
            # httptools makes it the context of an error of parsing.
            raise ValueError("a body after Upgrade is not supported: send it without Upgrade")
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Send a problem and close the connection, because the start of the next request is unknown."""
        if error := sys.exception():  # the parser's, of which uvicorn says only that there is one
            msg = f"{msg.removesuffix('.')}: {error.__context__ or error}"
        headers, body = problem(400, "Bad Request", msg, instance="", request_id=new_request_id())
        lines = [
            b"HTTP/1.1 400 Bad Request",
            *(b"%b: %b" % header for header in headers),
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self.transport.close()
