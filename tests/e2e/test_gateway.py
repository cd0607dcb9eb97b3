"""The gateway, between a client and a function for which the tests define each byte."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httptools
import pytest
from gunicorn.config import Keepalive

from infra.local import upstream
from infra.local.gateway import Backend, Gateway
from infra.local.server import Server
from infra.local.topology import Route
from infra.local.upstream import MAX_IDLE_SECONDS, Upstream

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BIG = bytes(range(256)) * 4 * 5 * 1024


@pytest.fixture(autouse=True)
def _lasting_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep idle connections also where a busy machine takes long between two requests."""
    monkeypatch.setattr(upstream, "MAX_IDLE_SECONDS", 600.0)


@dataclass
class Function:
    """A function that records its requests, and responds with given bytes."""

    response: bytes = OK
    received: bytes = b""
    connections: int = 0
    writer: asyncio.StreamWriter | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    ready: Callable[[], Awaitable[bool]] = field(default_factory=lambda: _at_once)
    # Whether a request is complete, by the bytes received so far; by default, at the end of its head.
    complete: Callable[[bytes], bool] = lambda received: b"\r\n\r\n" in received

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writer = writer
        received = b""
        while part := await reader.read(2**20):
            received += part
            if self.complete(received):
                self.received, received = received, b""
                writer.write(self.response)
                await writer.drain()
                if not self.response or b"Connection: close" in self.response:
                    break
        writer.close()
        await writer.wait_closed()
        self.ended.set()


async def _at_once() -> bool:
    return True


@dataclass
class Client:
    """A client on one connection to the gateway."""

    server: Server
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        self.writer.write(request)
        return await self.read_response(bodiless=request.startswith(b"HEAD"))

    async def read_response(self, *, bodiless: bool = False) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        response = Response()
        parser = httptools.HttpResponseParser(response)
        while not (response.complete or (bodiless and response.has_head)):
            part = await self.reader.read(2**20)
            assert part, "the gateway closed the connection"
            parser.feed_data(part)
        return parser.get_status_code(), response.headers, b"".join(response.body)


@dataclass
class Response:
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)
    has_head: bool = False
    complete: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, part: bytes) -> None:
        self.body.append(part)

    def on_message_complete(self) -> None:
        self.complete = True


@asynccontextmanager
async def gateway_to(function: Function, route: str = "/**") -> AsyncIterator[Client]:
    """Run a gateway in front of a function, and connect a client."""
    behind = await asyncio.start_server(function.serve, "127.0.0.1", 0)
    backend = Backend("echo", behind.sockets[0].getsockname()[1], function.ready)
    try:
        async with serving(Gateway([Route(path=route, function="echo")], {"echo": backend})) as client:
            yield client
    finally:
        behind.close()
        await behind.wait_closed()


@asynccontextmanager
async def serving(gateway: Gateway) -> AsyncIterator[Client]:
    """Run a gateway, and connect a client."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(gateway, listener)
    server.start()
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    try:
        yield Client(server, reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
        await server.stop()


@pytest.mark.parametrize(
    "target",
    [
        b"/v1/machines/a%2Fb%20c/%C3%A9?x=%2B+%25&x=&y",
        b"/a//b/./c/../d",
        b"/%7Euser;v=1,2/@:!$&'()*",
        b"/?search=%00%ff",
    ],
)
async def test_a_target_passes_byte_for_byte(target: bytes) -> None:
    function = Function()
    async with gateway_to(function) as client:
        await client.ask(b"GET " + target + b" HTTP/1.1\r\nHost: inventory.example.com\r\n\r\n")
    assert b"GET " + target + b" HTTP/1.1" == function.received.split(b"\r\n")[0]


async def test_a_path_that_is_encoded_without_need_has_the_same_route() -> None:
    """RFC 3986, section 6.2.2.2: such paths are equivalent."""
    function = Function()
    async with gateway_to(function, "/v1/pools") as client:
        status, _, _ = await client.ask(b"GET /v1/%70ools HTTP/1.1\r\nHost: a\r\n\r\n")
        assert status == 200
        for other in (b"/v1/%71ools", b"/v1/pools-", b"/-/v1/pools"):
            status, _, _ = await client.ask(b"GET " + other + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            assert status == 404


async def test_a_delete_keeps_its_body() -> None:
    function = Function(complete=lambda received: received.endswith(b'{"machine_ids": []}'))
    async with gateway_to(function) as client:
        status, _, _ = await client.ask(
            b"DELETE /v1/pools/1/machines HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b'Content-Length: 19\r\n\r\n{"machine_ids": []}'
        )
    assert status == 200
    assert function.received.startswith(b"DELETE /v1/pools/1/machines HTTP/1.1\r\n")


async def test_header_fields_pass_and_what_belongs_to_one_connection_does_not() -> None:
    function = Function()
    async with gateway_to(function) as client:
        await client.ask(
            b"GET / HTTP/1.1\r\nHost: inventory.example.com\r\nAuthorization: Bearer a b\r\nX-Twice: 1\r\n"
            b"X-Twice: 2\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
            b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\r\n"
        )
    assert function.received.lower().split(b"\r\n")[1:-2] == [
        b"host: inventory.example.com",
        b"authorization: bearer a b",
        b"x-twice: 1",
        b"x-twice: 2",
        b"x-forwarded-for: 192.0.2.7, 127.0.0.1",
        b"x-forwarded-proto: http",
    ]


async def test_a_responses_headers_pass_and_the_gateway_adds_none() -> None:
    function = Function(
        b"HTTP/1.1 201 Created\r\nServer: f\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nKeep-Alive: 5\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )
    async with gateway_to(function) as client:
        status, headers, body = await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    assert (status, body) == (201, b"{}")
    assert headers == [
        (b"server", b"f"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"content-length", b"2"),
    ]


async def test_a_large_body_passes_both_ways() -> None:
    function = Function(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BIG), BIG),
        complete=lambda received: len(received.partition(b"\r\n\r\n")[2]) >= len(BIG),
    )
    async with gateway_to(function) as client:
        _, _, body = await client.ask(
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(BIG), BIG)
        )
    assert body == BIG
    assert function.received.partition(b"\r\n\r\n")[2] == BIG


async def test_bodies_of_unknown_length_stay_chunked() -> None:
    function = Function(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        complete=lambda received: received.endswith(b"0\r\n\r\n"),
    )
    async with gateway_to(function) as client:
        _, headers, body = await client.ask(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        )
    assert (headers, body) == ([(b"transfer-encoding", b"chunked")], b"abc")
    head, _, sent = function.received.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert b"content-length" not in head
    assert sent == b"5\r\nhello\r\n0\r\n\r\n"


async def test_a_client_that_waits_for_100_continue_gets_it() -> None:
    function = Function(complete=lambda received: received.endswith(b"hello"))
    async with gateway_to(function) as client:
        client.writer.write(
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        )
        interim = await client.reader.readuntil(b"\r\n\r\n")
        status, _, _ = await client.ask(b"hello")
    assert (interim, status) == (b"HTTP/1.1 100 Continue\r\n\r\n", 200)
    assert b"expect" not in function.received.lower()


async def test_a_rejection_comes_before_the_body_is_sent() -> None:
    function = Function(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
    async with gateway_to(function) as client:
        status, _, _ = await client.ask(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\nthe first bytes"
        )
        assert status == 413
        # The function would take the next request for the rest of the body.
        reader, writer = await asyncio.open_connection(*client.writer.get_extra_info("peername"))
        await Client(client.server, reader, writer).ask(GET)
        writer.close()
        await writer.wait_closed()
    assert function.connections == 2


async def test_a_function_that_breaks_off_before_it_has_the_whole_body_is_a_bad_gateway_at_once() -> None:
    async with gateway_to(Function(response=b"")) as client, asyncio.timeout(5):
        status, _, _ = await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nthe")
    assert status == 502


async def test_an_upload_that_the_client_breaks_off_ends_for_the_function() -> None:
    function = Function(complete=lambda _: False)
    async with gateway_to(function) as client, asyncio.timeout(5):
        client.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nthe")
        client.writer.close()
        await function.ended.wait()


@pytest.mark.parametrize(
    ("method", "response"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (b"DELETE", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET", b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'),
    ],
)
async def test_a_response_without_a_body_ends_with_its_head(method: bytes, response: bytes) -> None:
    """The next request on both connections must work."""
    function = Function(response)
    async with gateway_to(function) as client:
        first = await client.ask(method + b" / HTTP/1.1\r\nHost: a\r\n\r\n")
        second = await client.ask(method + b" / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert first == second
    assert function.connections == 1


@pytest.mark.parametrize(
    "response", [OK, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"]
)
async def test_a_connection_is_used_again(response: bytes) -> None:
    function = Function(response)
    async with gateway_to(function) as client:
        bodies = [(await client.ask(GET))[2] for _ in range(3)]
    assert bodies == [b"ok"] * 3
    assert function.connections == 1


@pytest.mark.parametrize("name", [b"Connection", pytest.param(b"connection", id="not yet closed")])
async def test_a_closed_connection_is_not_used_again(name: bytes) -> None:
    function = Function(b"HTTP/1.1 200 OK\r\n%b: close\r\nContent-Length: 2\r\n\r\nok" % name)
    async with gateway_to(function) as client:
        statuses = [(await client.ask(GET))[0] for _ in range(3)]
    assert statuses == [200, 200, 200]
    assert function.connections == 3


async def test_a_connection_that_the_function_has_closed_while_it_was_idle_is_not_used_again() -> None:
    function = Function()
    async with gateway_to(function) as client:
        await client.ask(GET)
        assert function.writer
        function.writer.close()
        await function.ended.wait()
        status, _, _ = await client.ask(GET)
    assert (status, function.connections) == (200, 2)


async def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """gunicorn may be about to close it."""
    assert Keepalive.default > MAX_IDLE_SECONDS
    monkeypatch.setattr(upstream, "MAX_IDLE_SECONDS", 0.0)
    function = Function()
    async with gateway_to(function) as client:
        for _ in range(2):
            await client.ask(GET)
        async with asyncio.timeout(5):
            await function.ended.wait()  # it is closed instead
    assert function.connections == 2


@pytest.mark.parametrize("others_follow", [True, False])
async def test_connections_of_many_requests_at_once_do_not_outlive_them_for_long(
    monkeypatch: pytest.MonkeyPatch, *, others_follow: bool
) -> None:
    monkeypatch.setattr(upstream, "MAX_IDLE_SECONDS", 0.1)
    function = Function()
    behind = await asyncio.start_server(function.serve, "127.0.0.1", 0)
    connections = Upstream(behind.sockets[0].getsockname()[1])

    async def request() -> None:
        async with connections.connection() as connection:
            connection.begin(GET, bodiless=False)
            _ = [part async for part in connection.body()]

    await asyncio.gather(request(), request())
    async with asyncio.timeout(5):
        while others_follow and not function.ended.is_set():
            await request()  # takes the connection that was used last
        await function.ended.wait()
    assert function.connections == 2
    connections.close()
    behind.close()


async def test_a_function_that_breaks_off_is_a_bad_gateway_and_is_called_once() -> None:
    function = Function(response=b"")
    async with gateway_to(function) as client:
        status, headers, body = await client.ask(
            b"POST /api/v1/machines?x=1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: b\r\nContent-Length: 0\r\n\r\n"
        )
    assert status == 502
    assert {
        (b"content-type", b"application/problem+json"),
        (b"x-request-id", b"b"),
        (b"x-api-version", b"v1"),
    } <= set(headers)
    assert json.loads(body) == {
        "type": "https://api.example.com/errors/bad-gateway",
        "title": "Bad Gateway",
        "status": 502,
        "detail": "The function echo gave no answer: it closed the connection before its answer was complete",
        "instance": "/api/v1/machines",
    }
    assert function.connections == 1


async def test_a_request_that_has_no_answer_when_the_stack_stops_is_a_bad_gateway() -> None:
    """Not a 500: the request may have had its effect."""
    requested = asyncio.Event()

    def never(_: bytes) -> bool:
        requested.set()
        return False

    async with gateway_to(Function(complete=never)) as client:
        client.writer.write(b"GET /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n")
        await requested.wait()
        await client.server.stop()
        status, headers, body = await client.read_response()
    assert (status, dict(headers)[b"x-request-id"]) == (502, b"mine")
    assert json.loads(body)["detail"] == "The function echo gave no answer before the stack was stopped"


async def test_a_function_that_does_not_speak_http_is_a_bad_gateway() -> None:
    async with gateway_to(Function(b"hello\r\n\r\n")) as client:
        status, _, body = await client.ask(GET)
    assert status == 502
    reason = "The function echo gave no answer: its answer is no HTTP: "
    assert json.loads(body)["detail"].startswith(reason)


async def test_a_function_that_cannot_be_reached_is_a_bad_gateway() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # without listening
        backend = Backend("echo", silent.getsockname()[1], _at_once)
        async with serving(Gateway([Route(path="/**", function="echo")], {"echo": backend})) as client:
            status, _, body = await client.ask(GET)
    assert status == 502
    assert json.loads(body)["detail"].startswith("The function echo gave no answer: ")


@pytest.mark.parametrize("given", [b"", b"a b", b"{}", b"a" * 129])
async def test_a_request_id_that_is_none_is_replaced(given: bytes) -> None:
    async with serving(Gateway([], {})) as client:
        request = b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: %b\r\n\r\n"
        _, headers, _ = await client.ask(request % given)
        _, others, _ = await client.ask(request % (b"a" * 128))
    assert len(dict(headers)[b"x-request-id"]) == 32
    assert dict(others)[b"x-request-id"] == b"a" * 128


async def test_a_function_in_a_crash_loop_is_a_bad_gateway_at_once() -> None:
    async def never() -> bool:
        return False

    async with gateway_to(Function(ready=never)) as client:
        status, headers, body = await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: \r\n\r\n")
    assert (status, json.loads(body)["detail"]) == (502, "The function echo does not run")
    assert len(dict(headers)[b"x-request-id"]) == 32


async def test_a_request_waits_for_a_function_that_starts() -> None:
    started = asyncio.Event()
    requested = asyncio.Event()

    async def when_started() -> bool:
        requested.set()
        await started.wait()
        return True

    function = Function(ready=when_started)
    async with gateway_to(function) as client:
        response = asyncio.create_task(client.ask(GET))
        await requested.wait()
        assert (function.connections, response.done()) == (0, False)
        started.set()
        status, _, _ = await response
    assert status == 200


async def test_a_response_that_is_cut_short_is_cut_short_for_the_client() -> None:
    function = Function(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nabc")
    async with gateway_to(function) as client:
        client.writer.write(GET)
        received = await client.reader.read(-1)
    assert received.endswith(b"\r\n\r\nabc")


async def test_a_connection_to_a_function_ends_with_the_gateway() -> None:
    function = Function()
    async with gateway_to(function) as client:
        await client.ask(GET)
        assert not function.ended.is_set()
    async with asyncio.timeout(5):
        await function.ended.wait()


async def test_a_path_that_no_route_has_is_not_found() -> None:
    async with serving(Gateway([], {})) as client:
        status, _, _ = await client.ask(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    assert status == 404


@pytest.mark.parametrize(
    ("request_line", "reason"),
    [
        (b"GET /v1/m\xc3\xa4chines HTTP/1.1", "Invalid char in url path"),
        (b"FOO / HTTP/1.1", "Invalid method encountered"),
        (
            b"GET /" + b"a" * 70_000 + b" HTTP/1.1",
            "url is too long: url length of 70001 bytes exceeds the maximum of 65535 bytes",
        ),
        (b"hello", "Invalid method encountered"),
    ],
)
async def test_what_is_no_request_is_a_problem_as_all_errors(request_line: bytes, reason: str) -> None:
    async with gateway_to(Function()) as client:
        status, headers, body = await client.ask(request_line + b"\r\nHost: a\r\n\r\n")
        assert await client.reader.read() == b""
    fields = dict(headers)
    assert (status, fields[b"content-type"]) == (400, b"application/problem+json")
    assert fields[b"x-api-version"] == b"v1"
    assert fields[b"x-request-id"]
    assert json.loads(body) == {
        "type": "https://api.example.com/errors/bad-request",
        "title": "Bad Request",
        "status": 400,
        "detail": f"Invalid HTTP request received: {reason}",
        "instance": "",
    }


@pytest.mark.parametrize("length", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
async def test_a_body_after_upgrade_is_rejected_and_not_read_as_a_request(length: bytes) -> None:
    """Otherwise the function would wait for it, and take the next client's request for it."""
    function = Function()
    async with gateway_to(function) as client:
        status, _, body = await client.ask(
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + length + b"\r\n\r\n"
        )
        assert await client.reader.read() == b""
    assert (status, function.received) == (400, b"")
    assert json.loads(body)["detail"].endswith(
        "a body after Upgrade is not supported: send it without Upgrade"
    )


@pytest.mark.parametrize("request_head", [b"GET / HTTP/1.1", b"POST / HTTP/1.1\r\nContent-Length: 0"])
async def test_a_request_without_a_body_may_offer_to_upgrade(request_head: bytes) -> None:
    """Java's client does so with every request by default."""
    async with gateway_to(Function()) as client:
        offer = b"\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        status, _, _ = await client.ask(request_head + offer)
    assert status == 200


async def test_a_body_keeps_its_length_whatever_belongs_to_the_connection() -> None:
    """Without its length, the function would interpret the body as the next request."""
    function = Function(complete=lambda received: received.endswith(b"\r\n\r\nGET /"))
    async with gateway_to(function) as client:
        await client.ask(
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length, host, x-a\r\nX-A: b\r\n"
            b"Content-Length: 5\r\n\r\nGET /"
        )
    head = function.received.partition(b"\r\n\r\n")[0].lower()
    assert {b"content-length: 5", b"host: a"} <= set(head.split(b"\r\n"))
    assert b"x-a" not in head
