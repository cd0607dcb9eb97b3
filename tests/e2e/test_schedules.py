"""A schedule of the local stack continues after failed calls."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from infra.local.schedules import Schedule

BEGIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"


@asynccontextmanager
async def function(response: bytes) -> AsyncIterator[int]:
    """Serve a response and close the connection; yield the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        yield listener.sockets[0].getsockname()[1]


async def reports(port: int) -> list[str]:
    """Run a schedule until it has reported twice."""
    lines: list[str] = []
    twice = asyncio.Event()

    def report(name: str, line: str) -> None:
        lines.append(f"{name} {line}")
        if len(lines) == 2:
            twice.set()

    url = f"http://127.0.0.1:{port}/"
    keeping = asyncio.create_task(Schedule(name="relay", url=url, interval=0.01, report=report).keep())
    waiting = asyncio.create_task(twice.wait())
    await asyncio.wait((keeping, waiting), return_when=asyncio.FIRST_COMPLETED)
    assert not keeping.done(), keeping.exception()
    keeping.cancel()
    return lines[:2]


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (
            b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
            "HTTP Error 500: Internal Server Error",
        ),
        (BEGIN, "IncompleteRead(2 bytes read, 3 more expected)"),
        (b"", "Remote end closed connection without response"),
    ],
)
async def test_a_call_that_fails_is_reported_and_the_next_one_made(response: bytes, reason: str) -> None:
    async with function(response) as port:
        assert [f"relay the scheduled call failed: {reason}"] * 2 == await reports(port)


async def test_so_is_a_call_that_is_rejected() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # without listening
        for line in await reports(silent.getsockname()[1]):
            assert line.startswith("relay the scheduled call failed: ")
            assert "Connection refused" in line
