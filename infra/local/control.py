"""The emulators' control endpoint: JSON over HTTP, for tests and benchmarks.

    GET    /counters   {"<project>": {"reads": 3, ..., "rpcs": {"Commit": 2}}}
    DELETE /counters   forget them
    GET    /faults     {"faults": [...]}: those still waiting for their RPCs
    POST   /faults     {"method": "Commit", "pattern": "machines/", "count": 1, "code": "UNAVAILABLE",
                        "when": "before", "delay_ms": 0, "disconnect": false}
    DELETE /faults     forget them
    GET    /health     {}: the emulator is up

Each emulator makes its own `Counters` and `Faults` and serves them with `serve`.
"""

import asyncio
import json
from http import HTTPStatus

from infra.local.counters import Counters
from infra.local.faults import Fault, Faults

_LARGEST_BODY = 64 * 1024
_PATIENCE = 10.0  # seconds for a client to send its request


class _RequestError(Exception):
    """A request that cannot be answered, with the HTTP status that says why."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """Answers control requests about one emulator."""

    def __init__(self, counters: Counters, faults: Faults) -> None:
        self._counters = counters
        self._faults = faults

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Start to listen; port 0 takes any, see the server's `sockets`. OSError if the port is taken."""
        return await asyncio.start_server(self._converse, host, port)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, path, body = await asyncio.wait_for(_request(reader), _PATIENCE)
            status, answer = HTTPStatus.OK, self._answer(method, path, body)
        except _RequestError as error:
            status, answer = error.status, {"error": str(error)}
        except (OSError, EOFError, TimeoutError):
            writer.close()
            return
        await _respond(writer, status, answer)

    def _answer(self, method: str, path: str, body: bytes) -> object:
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
                self._faults.clear()
                return {}
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


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    """Read one HTTP/1.1 request: method, path without its query, body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head.split("\r\n")
    try:
        method, target, _ = start.split(" ")
    except ValueError:
        raise _RequestError(HTTPStatus.BAD_REQUEST, "not an HTTP request") from None
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > _LARGEST_BODY:
        raise _RequestError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {_LARGEST_BODY} bytes, length given"
        )
    return method, target.partition("?")[0], await reader.readexactly(int(length))


async def _respond(writer: asyncio.StreamWriter, status: HTTPStatus, answer: object) -> None:
    body = json.dumps(answer).encode() + b"\n"
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    try:
        await writer.drain()
    except OSError:
        return
    finally:
        writer.close()
