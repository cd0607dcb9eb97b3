"""One HTTP POST per connection, which is all that push needs, without a client library."""

import asyncio
import ssl
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit


class PostError(Exception):
    """The endpoint cannot be reached, or did not send an HTTP response in time."""


async def post(url: str, body: bytes, timeout: float) -> int:  # noqa: ASYNC109 - it covers connecting too
    """Post JSON and return the status of the final response, or 102, after which none may follow.

    Raises:
        PostError: the endpoint did not send an HTTP response within `timeout` seconds.
    """
    try:
        async with asyncio.timeout(timeout):
            return await _exchange(urlsplit(url), body)
    except (OSError, EOFError, ValueError) as error:  # TimeoutError is an OSError
        raise PostError(f"{url}: {error}") from error


async def _exchange(url: SplitResult, body: bytes) -> int:
    tls = ssl.create_default_context() if url.scheme == "https" else None
    reader, writer = await asyncio.open_connection(url.hostname, url.port or (443 if tls else 80), ssl=tls)
    try:
        writer.write(_request(url, body))
        return await _status(reader)
    finally:
        writer.close()


async def _status(reader: asyncio.StreamReader) -> int:
    """Read the status, skipping interim responses: https://www.rfc-editor.org/rfc/rfc9110#section-15.2."""
    status: int = HTTPStatus.CONTINUE
    while status // 100 == 1 and status != HTTPStatus.PROCESSING:  # interim: another response follows
        status = await _head(reader)
    return status


async def _head(reader: asyncio.StreamReader) -> int:
    """Read a response's head. The body is ignored: it can end much later, when the connection closes."""
    version, status, *_ = (await reader.readline()).split()
    if not version.startswith(b"HTTP/"):
        raise ValueError("not an HTTP answer")
    while (line := await reader.readline()) not in {b"\r\n", b"\n"}:
        if not line:
            raise EOFError("the answer ends in its head")
    return int(status)


def _request(url: SplitResult, body: bytes) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {url.netloc.rpartition('@')[2]}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "User-Agent: CloudPubSub-Google\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
