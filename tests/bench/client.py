"""A closed-loop client: each connection sends its next request after the last response."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httptools

_FIRST_ERROR = 400
_UNAVAILABLE = 503


class RequestError(Exception):
    """The function responded with an error, but a benchmark's requests must succeed."""


class UnavailableError(RequestError):
    """The function responded with 503, which can happen on a busy machine."""


@dataclass
class Slice:
    """The responses during one slice of a measurement.

    Attributes:
        latencies: the latencies of successful requests, in seconds.
        bytes: the total size of their response bodies.
        unavailable: the number of requests with the status 503, because their deadline had passed.
        seconds: the time from the first request to the last response.
    """

    latencies: list[float] = field(default_factory=list)
    bytes: int = 0
    unavailable: int = 0
    seconds: float = 0.0

    @property
    def throughput(self) -> float:
        """Successful requests per second."""
        return len(self.latencies) / self.seconds


class _Connection(asyncio.Protocol):
    """One connection: httptools parses the responses, and only their status and size are used."""

    _transport: asyncio.Transport

    def __init__(self, requests: Iterator[bytes], measured: Slice) -> None:
        self._requests = requests
        self._measured = measured
        self._parser = httptools.HttpResponseParser(self)
        self._until = 0.0
        self._sent_at = 0.0
        self._body = b""
        self._size = 0
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, until: float) -> None:
        """Send requests until a time of `time.perf_counter`."""
        self._until = until
        self._send()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.finished.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] # a stream's transport can write

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(error or ConnectionError("the function closed the connection"))

    # httptools calls these.

    def on_message_begin(self) -> None:
        self._size = 0

    def on_body(self, body: bytes) -> None:
        self._body = body
        self._size += len(body)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        status = self._parser.get_status_code()
        if status < _FIRST_ERROR:
            self._measured.latencies.append(now - self._sent_at)
            self._measured.bytes += self._size
        elif status == _UNAVAILABLE:
            self._measured.unavailable += 1
        else:
            self.finished.set_exception(RequestError(f"{status}: {self._body.decode()}"))
            return
        if now < self._until:
            self._send()
        else:
            self.finished.set_result(None)


def request(method: str, path: str, api_key: str, body: object = None, headers: str = "") -> bytes:
    """Return an HTTP request: its head, and a JSON body if there is one."""
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {api_key}\r\n{headers}"
    if content:
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return f"{head}\r\n".encode() + content


async def drive(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Slice:
    """Send requests over several connections for some time, and wait for the last responses.

    Raises:
        RequestError: a response is an error other than 503, or no request succeeded.
        OSError: a connection was lost.
    """
    measured = Slice()
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: _Connection(requests, measured), "127.0.0.1", port)
        for _ in range(connections)
    ]
    protocols = [protocol for _, protocol in opened]
    start = time.perf_counter()
    for protocol in protocols:
        protocol.begin(start + seconds)
    try:
        await asyncio.gather(*(protocol.finished for protocol in protocols))
    finally:
        measured.seconds = time.perf_counter() - start
        for protocol in protocols:
            protocol.close()
    if not measured.latencies:
        raise RequestError("no request was answered in time")
    return measured


async def ask(port: int, request: bytes) -> bytes:
    """Send one request, and return the whole response: head and body.

    Raises:
        UnavailableError: the status is 503.
        RequestError: the response is another error.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = (
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        body = await reader.readexactly(next(lengths, 0))  # a 204 has no body
    finally:
        writer.close()
    status = int(head.split(maxsplit=2)[1])
    if status >= _FIRST_ERROR:
        error = UnavailableError if status == _UNAVAILABLE else RequestError
        raise error(f"{status}: {body.decode()}")
    return head + body


async def ask_json(port: int, request: bytes) -> dict[str, Any]:
    """Send one request, and return the JSON object in the response's body. It raises what `ask` raises."""
    body: dict[str, Any] = json.loads((await ask(port, request)).partition(b"\r\n\r\n")[2])
    return body
