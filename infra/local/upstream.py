"""The gateway's connections to a function: HTTP/1.1 with keep-alive, every byte unchanged."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httptools

Headers = list[tuple[bytes, bytes]]

# The functions' server closes a connection after 2 idle seconds (gunicorn's default). A connection that may
# be closing is not reused: a request that it loses may have had its effect, and must not be sent again if it
# is not idempotent, such as a POST (RFC 9112, section 9.3.1).
MAX_IDLE_SECONDS = 1.0
CHUNK = 64 * 1024


class UpstreamError(Exception):
    """The function cannot be reached, or its response is incomplete or malformed."""


class Connection:
    """A connection to a function, for one exchange after another; `begin` starts each."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use a connected stream."""
        self._reader = reader
        self._writer = writer
        self.idle_since = 0.0

    def begin(self, head: bytes, *, bodiless: bool) -> None:
        """Send a request's head. If `bodiless` (HEAD), the response has no body, whatever its headers are."""
        self._parser = httptools.HttpResponseParser(self)
        self._bodiless = bodiless
        self._headers: Headers = []
        self._body: list[bytes] = []
        self._has_head = False
        self._complete = False
        self._keeps_alive = False
        self._writer.write(head)

    async def send(self, data: bytes) -> None:
        """Send a part of the request's body, no faster than the function reads it."""
        self._writer.write(data)
        await self._writer.drain()

    async def head(self) -> tuple[int, Headers]:
        """Wait for the response's head; return the status and the headers."""
        while not self._has_head:
            await self._read()
        return self._parser.get_status_code(), self._headers

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the parts of the response's body as they arrive."""
        while True:
            parts, self._body = self._body, []
            for part in parts:
                yield part
            if self._complete:
                return
            await self._read()

    @property
    def reusable(self) -> bool:
        """Whether the exchange is complete and another one can follow."""
        return self._complete and self._keeps_alive

    @property
    def closed(self) -> bool:
        """Whether the function has closed its end."""
        return self._reader.at_eof() or self._writer.is_closing()

    def close(self) -> None:
        """Close the connection, even during an exchange."""
        self._writer.close()

    async def _read(self) -> None:
        data = await self._reader.read(CHUNK)
        if not data:
            raise UpstreamError("it closed the connection before its answer was complete")
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            raise UpstreamError(f"its answer is no HTTP: {error}") from error

    # httptools calls these.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Note the end of the head."""
        self._has_head = True
        self._complete = self._bodiless
        self._keeps_alive = self._parser.should_keep_alive()  # unknown after a body

    def on_body(self, part: bytes) -> None:
        """Store a part of the body."""
        self._body.append(part)

    def on_message_complete(self) -> None:
        """Note the end of the response."""
        self._complete = True


class Upstream:
    """A function's port, and the idle connections to it."""

    def __init__(self, port: int) -> None:
        """Set the function's port on 127.0.0.1."""
        self._port = port
        self._free: deque[Connection] = deque()  # the longest idle one first

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield a connection, which is kept if its exchange completes.

        Raises:
            UpstreamError: the function cannot be reached, or the connection to it fails.
        """
        connection: Connection | None = None
        try:
            connection = self._kept() or Connection(*await asyncio.open_connection("127.0.0.1", self._port))
            yield connection
        except OSError as error:
            raise UpstreamError(str(error)) from error
        finally:
            if connection is not None:
                self._give_back(connection)

    def close(self) -> None:
        """Close the idle connections."""
        while self._free:
            self._free.pop().close()

    def _kept(self) -> Connection | None:
        self._close_idle()
        while self._free:
            connection = self._free.pop()
            if not connection.closed:
                return connection
            connection.close()
        return None

    def _give_back(self, connection: Connection) -> None:
        if connection.reusable and not connection.closed:
            loop = asyncio.get_running_loop()
            connection.idle_since = loop.time()
            self._free.append(connection)
            # Later requests, if there are fewer or none, do not reach it.
            loop.call_later(2 * MAX_IDLE_SECONDS, self._close_idle)
        else:
            connection.close()

    def _close_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._free and now - self._free[0].idle_since >= MAX_IDLE_SECONDS:
            self._free.popleft().close()
