"""The local replacement of the load balancer: forwards requests to functions, and responses to clients.

Methods, targets, header values and bodies are forwarded unchanged as they arrive, in both directions. Only
the names of a request's headers become lower case. Headers of a single connection are not forwarded
(RFC 9110, section 7.6.1). `X-Forwarded-For` and `X-Forwarded-Proto` contain the client's address and scheme.
"""

import asyncio
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any

from infra.local.topology import Route
from infra.local.upstream import Connection, Headers, Upstream, UpstreamError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
# The gateway itself has sent "100 Continue" before it forwards a body.
NOT_SENT_ON = HOP_BY_HOP | {b"expect"}
ERRORS_BASE_URL = "https://api.example.com/errors"
_SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")  # as in the functions


class Backend:
    """A function that the gateway can send requests to."""

    def __init__(self, name: str, port: int, ready: Callable[[], Awaitable[bool]]) -> None:
        """Describe a function; `ready` waits while it starts, and returns whether it can be used."""
        self.name = name
        self.ready = ready
        self.upstream = Upstream(port)


class Gateway:
    """The ASGI application."""

    def __init__(self, routes: Sequence[Route], backends: Mapping[str, Backend]) -> None:
        """Serve routes, of which the first match wins."""
        self._routes = [(route.pattern(), backends[route.function]) for route in routes]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one request."""
        backend = self._backend(scope["path"])
        if not backend:
            await _send_problem(send, scope, 404, "Not Found", "No function serves this path")
            return
        response = _Response(send)
        try:
            if not await backend.ready():
                detail = f"The function {backend.name} does not run"
                await _send_problem(send, scope, 502, "Bad Gateway", detail)
                return
            async with backend.upstream.connection() as connection:
                await _exchange(connection, scope, receive, response)
        except UpstreamError as error:
            if response.started:
                raise  # the response has begun, so only a closed connection can report the error
            detail = f"The function {backend.name} gave no answer: {error}"
            await _send_problem(send, scope, 502, "Bad Gateway", detail)
        except asyncio.CancelledError:
            # The stack stops. uvicorn would send a 500, but the request may have had its effect.
            if not response.started:
                detail = f"The function {backend.name} gave no answer before the stack was stopped"
                await _send_problem(send, scope, 502, "Bad Gateway", detail)
            raise

    def close(self) -> None:
        """Close the idle connections to functions."""
        for backend in {backend for _, backend in self._routes}:
            backend.upstream.close()

    def _backend(self, path: str) -> Backend | None:
        return next((backend for pattern, backend in self._routes if pattern.fullmatch(path)), None)


class _Response:
    """Forwards a response to the client."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def start(self, status: int, headers: Headers) -> None:
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def body(self, part: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": part, "more_body": more})


async def _exchange(connection: Connection, scope: Message, receive: Receive, response: _Response) -> None:
    connection.begin(_request_head(scope), bodiless=scope["method"] == "HEAD")
    upload = asyncio.create_task(_upload(connection, scope, receive))
    # The response can arrive before the whole body is sent, such as the 413 of a body that is too large.
    try:
        status, headers = await connection.head()
        await response.start(status, _end_to_end(headers, HOP_BY_HOP))
        async for part in connection.body():
            await response.body(part, more=True)
        await response.body(b"", more=False)
    finally:
        if not upload.done():
            upload.cancel()
            connection.close()
        await asyncio.gather(upload, return_exceptions=True)


async def _upload(connection: Connection, scope: Message, receive: Receive) -> None:
    chunked = _is_chunked(scope["headers"])
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            connection.close()
            return
        part, more = message.get("body", b""), message.get("more_body", False)
        if part:
            await connection.send(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
    if chunked:
        await connection.send(b"0\r\n\r\n")


def _request_head(scope: Message) -> bytes:
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    headers = _end_to_end(scope["headers"], NOT_SENT_ON | {b"x-forwarded-for", b"x-forwarded-proto"})
    callers = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    headers.append((b"x-forwarded-for", b", ".join([*callers, scope["client"][0].encode()])))
    headers.append((b"x-forwarded-proto", scope["scheme"].encode()))
    if _is_chunked(scope["headers"]):
        headers.append((b"transfer-encoding", b"chunked"))
    lines = [b"%b %b HTTP/1.1" % (scope["method"].encode(), target)]
    lines += [b"%b: %b" % header for header in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _is_chunked(headers: Headers) -> bool:
    return any(name == b"transfer-encoding" for name, _ in headers)


def _end_to_end(headers: Headers, dropped: frozenset[bytes]) -> Headers:
    named = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.split(b",")
    }
    # `Connection` cannot remove these: without its length, a body would be read as the next request.
    gone = dropped | (named - {b"content-length", b"host"})
    return [(name, value) for name, value in headers if name.lower() not in gone]


async def _send_problem(send: Send, scope: Message, status: int, title: str, detail: str) -> None:
    headers, body = problem(
        status,
        title,
        detail,
        instance=scope["raw_path"].decode("ascii"),
        request_id=_request_id(scope["headers"]),
    )
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def problem(
    status: int, title: str, detail: str, *, instance: str, request_id: bytes
) -> tuple[Headers, bytes]:
    """Return an RFC 9457 problem, with the headers of every response."""
    content = {
        "type": f"{ERRORS_BASE_URL}/{title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
    }
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id),
        (b"x-api-version", b"v1"),
    ]
    return headers, body


def _request_id(headers: Headers) -> bytes:
    """Return the caller's request id if it is valid, otherwise a new one."""
    given = next((value for name, value in headers if name == b"x-request-id"), b"")
    return given if _SANE_REQUEST_ID.fullmatch(given) else new_request_id()


def new_request_id() -> bytes:
    """Return an id for a request that has none."""
    return uuid.uuid4().hex.encode()
