"""The product's calls are routed like those of the generated clients, over similar channels."""

import asyncio
import ctypes
import os
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any

import grpc
import pytest
from google.api_core.exceptions import MethodNotImplemented
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from google.pubsub_v1.services.publisher import PublisherAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport

from infra.local import topology
from shared.channels import OPTIONS, connect
from shared.domain.deadline import REQUEST_SECONDS, Deadline
from shared.events import publisher
from shared.events.publisher import Publisher
from shared.store import rpcs
from shared.store.firestore import Firestore
from shared.store.queries import all_in
from shared.store.wire_format import write

DATABASE = "projects/example/databases/(default)"
PARENT = f"{DATABASE}/documents/organizations/example"
SECONDS = 5.0
HTTP2_SETTINGS = b"\0\0\0\4\0\0\0\0\0"  # an empty frame: https://www.rfc-editor.org/rfc/rfc9113#section-6.5
SO_ATTACH_FILTER = 26  # asm-generic/socket.h


class FrontEnd(grpc.GenericRpcHandler):
    """Records the metadata of calls, and implements no method."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> None:
        metadata = dict(handler_call_details.invocation_metadata or ())
        self.calls.append((handler_call_details.method, metadata.get("x-goog-request-params")))


@pytest.fixture
async def front_end(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FrontEnd]:
    front_end = FrontEnd()
    server = grpc.aio.server(handlers=[front_end])
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
    yield front_end
    await server.stop(None)


async def unimplemented(*calls: Awaitable[object]) -> None:
    for call in calls:
        with pytest.raises((grpc.aio.AioRpcError, MethodNotImplemented), match="Method not found"):
            await call


async def test_calls_are_routed_as_the_generated_clients_route_them(front_end: FrontEnd) -> None:
    own, deadline = Firestore("example", "(default)"), Deadline(SECONDS)
    await unimplemented(
        own.commit([], deadline),
        own.rollback(b"transaction", deadline),
        own.get("machines/1", deadline),
        own.get_all(["machines/1"], deadline),
        own.query("organizations/example", all_in("machines"), deadline),
        own.count("organizations/example", all_in("machines"), deadline),
        Publisher("example").send("machine-created", [], timeout=SECONDS),
    )
    # The first one is sent alone, and the others share a call.
    await asyncio.gather(*(unimplemented(own.get(f"machines/{number}", deadline)) for number in range(3)))
    updates = [write(update={"name": own.name(f"machines/{number}")}) for number in range(3)]
    await asyncio.gather(*(unimplemented(own.commit([update], deadline)) for update in updates))
    ours, front_end.calls = front_end.calls, []

    channel = grpc.aio.insecure_channel(os.environ["FIRESTORE_EMULATOR_HOST"])
    client = FirestoreAsyncClient(transport=FirestoreGrpcAsyncIOTransport(channel=channel))

    async def read(call: Awaitable[Any]) -> None:
        _ = [response async for response in await call]

    await unimplemented(
        client.commit({"database": DATABASE}, retry=None),
        client.rollback({"database": DATABASE}, retry=None),
        client.get_document({"name": f"{DATABASE}/documents/machines/1"}, retry=None),
        read(client.batch_get_documents({"database": DATABASE}, retry=None)),
        read(client.run_query({"parent": PARENT}, retry=None)),
        read(client.run_aggregation_query({"parent": PARENT}, retry=None)),
        PublisherAsyncClient().publish({"topic": "projects/example/topics/machine-created"}, retry=None),
        client.get_document({"name": f"{DATABASE}/documents/machines/0"}, retry=None),
        read(client.batch_get_documents({"database": DATABASE}, retry=None)),
        client.commit({"database": DATABASE}, retry=None),
        client.batch_write({"database": DATABASE}, retry=None),
    )
    assert front_end.calls == ours
    await channel.close()


@pytest.mark.parametrize("transport", [FirestoreGrpcAsyncIOTransport, PublisherGrpcAsyncIOTransport])
async def test_channels_have_the_options_of_the_generated_transports(transport: type) -> None:
    options: Mapping[str, Any] = {}

    def record(host: str, **settings: Any) -> grpc.aio.Channel:  # noqa: ANN401 - as the transport has them
        nonlocal options
        options = dict(settings["options"])
        return grpc.aio.insecure_channel(host)

    transport(channel=record, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call] # it has no types

    assert options
    assert options.items() <= dict(OPTIONS).items()


async def test_pauses_between_attempts_to_connect_do_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise requests would fail for up to two minutes after the end of an outage."""
    clock = asyncio.get_running_loop().time
    attempts: list[float] = []
    enough = asyncio.Event()

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attempts.append(clock())
        writer.close()
        if len(attempts) == 4:
            enough.set()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "{}:{}".format(*server.sockets[0].getsockname()))
    channel = connect("FIRESTORE_EMULATOR_HOST", rpcs.HOST, rpcs.SCOPES)
    method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/example/Call")
    call = method(b"", wait_for_ready=True)  # so the channel goes on trying
    async with asyncio.timeout(4 * SECONDS):
        await enough.wait()
    call.cancel()
    await channel.close()
    server.close()

    # Each pause is a second, give or take a fifth. gRPC's own third pause is at least two.
    assert attempts[-1] - attempts[-2] < 2


def silence(connection: socket.socket) -> None:
    """Drop all packets that a connection receives from now on, so that they are not acknowledged.

    The filter is one instruction, which accepts no bytes: https://docs.kernel.org/networking/filter.html
    """
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    program = struct.pack("HP", 1, ctypes.addressof(instruction))
    connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
async def test_a_connection_lost_without_a_sign_is_noticed_in_time_for_another_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise, after a firewall or router has forgotten it, requests would fail for twenty seconds."""
    connections: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        writer.write(HTTP2_SETTINGS)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "{}:{}".format(*server.sockets[0].getsockname()))
    channel = connect("FIRESTORE_EMULATOR_HOST", rpcs.HOST, rpcs.SCOPES)
    async with asyncio.timeout(SECONDS):
        await channel.channel_ready()
    silence(connections[0].get_extra_info("socket"))

    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/example/Call")
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await call(b"", timeout=REQUEST_SECONDS)

    assert failure.value.code() is grpc.StatusCode.UNAVAILABLE
    await channel.close()
    for writer in connections:
        writer.transport.abort()
    server.close()


@pytest.mark.parametrize(
    ("service", "transport"),
    [(rpcs, FirestoreGrpcAsyncIOTransport), (publisher, PublisherGrpcAsyncIOTransport)],
)
def test_services_have_the_address_and_scopes_of_the_generated_transports(
    service: Any,  # noqa: ANN401 - a module
    transport: type[FirestoreGrpcAsyncIOTransport | PublisherGrpcAsyncIOTransport],
) -> None:
    assert (transport.DEFAULT_HOST, transport.AUTH_SCOPES) == (service.HOST, service.SCOPES)


def test_pydantic_looks_for_no_plugins_where_functions_tell_it_so() -> None:
    [value] = {
        function.environment["PYDANTIC_DISABLE_PLUGINS"]
        for function in topology.load(topology.DEFAULT_FILE).functions.values()
        if function.trigger == "http"
    }
    use = "import pydantic; pydantic.create_model('Model', field=(int, ...))(field=1)"
    without_search = f"import importlib.metadata as m; m.entry_points = None; {use}"

    for environment, code in (({"PYDANTIC_DISABLE_PLUGINS": value}, 0), ({}, 1)):
        run = subprocess.run(
            [sys.executable, "-c", without_search],
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            check=False,
        )
        assert run.returncode == code


def test_grpc_knows_the_experiments_that_functions_set() -> None:
    """gRPC reports unknown experiments on stderr, and continues."""
    [experiments] = {
        function.environment["GRPC_EXPERIMENTS"]
        for function in topology.load(topology.DEFAULT_FILE).functions.values()
        if function.trigger == "http"
    }
    run = subprocess.run(
        [sys.executable, "-c", "import grpc; grpc.insecure_channel('127.0.0.1:1').close()"],
        env={**os.environ, "GRPC_EXPERIMENTS": experiments},
        stderr=subprocess.PIPE,
        check=True,
    )

    assert run.stderr == b""
