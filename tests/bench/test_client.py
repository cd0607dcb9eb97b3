"""The benchmarks' client reports errors in responses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.bench.client import RequestError, UnavailableError, ask, request

GET = request("GET", "/", "key")


@asynccontextmanager
async def server(status: str) -> AsyncIterator[int]:
    """Serve one response with a body, whatever the request."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nwords".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as served:
        yield served.sockets[0].getsockname()[1]


async def test_a_success_is_given_whole() -> None:
    async with server("200 OK") as port:
        assert await ask(port, GET) == b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwords"


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "500 Internal Server Error"])
async def test_an_error_is_raised_with_what_it_says(status: str) -> None:
    async with server(status) as port:
        with pytest.raises(RequestError, match=f"{status[:3]}: words") as raised:
            await ask(port, GET)

    assert raised.type is RequestError


async def test_a_response_that_did_not_come_in_time_is_recognized() -> None:
    async with server("503 Service Unavailable") as port:
        with pytest.raises(UnavailableError):
            await ask(port, GET)
