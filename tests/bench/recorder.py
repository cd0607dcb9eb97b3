"""Record the RPCs that a function makes for a request, by a proxy between it and an emulator."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import grpc
import grpc.aio


@dataclass
class Rpc:
    """One RPC, as it was sent.

    Attributes:
        method: the full name.
        request: the request message.
        began: the position of its start among the starts and ends of all RPCs.
        ended: the position of its end; None until then.
    """

    method: str
    request: bytes
    began: int
    ended: int | None = None


@dataclass
class Recorder:
    """The RPCs that have passed through the proxies."""

    rpcs: list[Rpc] = field(default_factory=list)
    _places: Iterator[int] = field(default_factory=count)

    def begin(self, method: str, request: bytes) -> Rpc:
        """Record the start of an RPC."""
        rpc = Rpc(method, request, next(self._places))
        self.rpcs.append(rpc)
        return rpc

    def end(self, rpc: Rpc) -> None:
        """Record the end of an RPC."""
        rpc.ended = next(self._places)


def stages(rpcs: Iterable[Rpc]) -> list[list[Rpc]]:
    """Sort RPCs into stages: those of one stage are concurrent, and follow those of the previous one."""
    sorted_out: list[list[Rpc]] = []
    for rpc in rpcs:
        follows = [
            number
            for number, stage in enumerate(sorted_out)
            if any(other.ended is not None and other.ended < rpc.began for other in stage)
        ]
        number = max(follows, default=-1) + 1
        if number == len(sorted_out):
            sorted_out.append([])
        sorted_out[number].append(rpc)
    return sorted_out


class _Proxy(grpc.GenericRpcHandler):
    """Forwards every RPC as bytes: on the wire, a single message is a stream of one."""

    def __init__(self, channel: grpc.aio.Channel, recorder: Recorder) -> None:
        self._channel = channel
        self._recorder = recorder

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        return grpc.stream_stream_rpc_method_handler(self._pass_on(handler_call_details.method))

    def _pass_on(self, method: str) -> Callable[..., AsyncIterator[bytes]]:
        call: Any = self._channel.stream_stream(method)

        async def responses(requests: AsyncIterator[bytes], _: object) -> AsyncIterator[bytes]:
            sent = [request async for request in requests]
            rpc = self._recorder.begin(method, sent[0])
            try:
                async for response in call(iter(sent)):
                    yield response
            finally:
                self._recorder.end(rpc)

        return responses


@asynccontextmanager
async def recorded(hosts: Sequence[str], recorder: Recorder) -> AsyncIterator[list[str]]:
    """Run a proxy in front of each host, and yield the proxies' addresses."""
    servers, channels, addresses = [], [], []
    for host in hosts:
        channel = grpc.aio.insecure_channel(host)
        server = grpc.aio.server(handlers=[_Proxy(channel, recorder)])
        addresses.append(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
        await server.start()
        servers.append(server)
        channels.append(channel)
    try:
        yield addresses
    finally:
        for server in servers:
            await server.stop(None)
        for channel in channels:
            await channel.close()
