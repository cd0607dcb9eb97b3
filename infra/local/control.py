"""The emulators' control endpoint: JSON over HTTP, for tests and benchmarks.

    GET    /counters   {"<project>": {"reads": 3, ..., "rpcs": {"Commit": 2}}}
    DELETE /counters   reset them
    GET    /faults     {"faults": [...]}: those that still wait for RPCs
    POST   /faults     {"method": "Commit", "pattern": "machines/", "count": 1, "code": "UNAVAILABLE",
                        "when": "before", "delay_ms": 0, "disconnect": false, "duplicate": false}
    DELETE /faults     remove them, and end their delays; the response has those that waited
    GET    /health     {}: the emulator is up

Each emulator makes its own `Counters` and `Faults`, and serves them with `Control.serve`.
"""

import asyncio
import contextlib
import json
from http import HTTPStatus

from infra.local.counters import Counters
from infra.local.faults import Fault, Faults

_MAX_BODY_BYTES = 64 * 1024
_TIMEOUT = 10.0  # seconds for a client to send its request


class _RequestError(Exception):
    """A rejected request, with the HTTP status of the response."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """Handles control requests of one emulator."""

    def __init__(self, counters: Counters, faults: Faults) -> None:
        self._counters = counters
        self._faults = faults

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Listen on a port; 0 means any free one (see the server's `sockets`). OSError: the port is taken."""
        return await asyncio.start_server(self._converse, host, port)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A connection serves several requests, because tests make thousands: two or three for each test.
        try:
            is_last = False
            while not is_last:
                method, path, body, is_last = await asyncio.wait_for(_request(reader), _TIMEOUT)
                await _respond(writer, HTTPStatus.OK, self._response(method, path, body), is_last=is_last)
        except _RequestError as error:
            with contextlib.suppress(OSError):
                await _respond(writer, error.status, {"error": str(error)}, is_last=True)
        except (OSError, EOFError, TimeoutError, asyncio.CancelledError):
            pass  # the client disconnected, or the emulator is stopping
        finally:
            writer.close()

    def _response(self, method: str, path: str, body: bytes) -> object:
        match method, path:
            case "GET", "/counters":
                return self._counters.listing()
            case "DELETE", "/counters":
                self._counters.reset()
                return {}
            case "GET", "/faults":
                return {"faults": self._faults.listing()}
            case "POST", "/faults":
                self._faults.add(_fault(body))
                return {}
            case "DELETE", "/faults":
                forgotten = self._faults.listing()
                self._faults.clear()
                return {"faults": forgotten}
            case "GET", "/health":
                return {}
        if path in ("/counters", "/faults", "/health"):
            raise _RequestError(HTTPStatus.METHOD_NOT_ALLOWED, f"{method} is not possible on {path}")
        raise _RequestError(HTTPStatus.NOT_FOUND, "there are /counters, /faults and /health")


def _fault(body: bytes) -> Fault:
    try:
        return Fault.from_json(json.loads(body))
    except ValueError as error:
        raise _RequestError(HTTPStatus.BAD_REQUEST, str(error)) from error


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes, bool]:
    """Read an HTTP/1.1 request: method, path without query, body, and whether the connection then closes."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError as error:
        raise _RequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, str(error)) from error
    start, *lines = head.split("\r\n")
    try:
        method, target, _ = start.split(" ")
    except ValueError:
        raise _RequestError(HTTPStatus.BAD_REQUEST, "not an HTTP request") from None
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
        raise _RequestError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {_MAX_BODY_BYTES} bytes, length given"
        )
    # Any page in a browser on this machine can send a POST, but only with its origin.
    if "origin" in headers:
        raise _RequestError(HTTPStatus.FORBIDDEN, "pages in a browser have no access")
    is_last = headers.get("connection", "").lower() == "close"
    return method, target.partition("?")[0], await reader.readexactly(int(length)), is_last


async def _respond(
    writer: asyncio.StreamWriter, status: HTTPStatus, response: object, *, is_last: bool
) -> None:
    body = json.dumps(response).encode() + b"\n"
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: {'close' if is_last else 'keep-alive'}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
