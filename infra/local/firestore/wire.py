"""The gRPC service: bytes in, one method's work, bytes out, and errors as status codes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from infra.local.counters import Counters
from infra.local.faults import Context, Fault, Faults, strike
from infra.local.firestore import limits, names
from infra.local.firestore.errors import InvalidArgumentError
from infra.local.firestore.targets import targets
from infra.local.refusals import abort

SERVICE = "google.firestore.v1.Firestore"

# Requests and responses are as different as the methods are: each method's own signature is typed.
Unary = Callable[[Any], Awaitable[Message]]
Streaming = Callable[[Any], Awaitable[Iterable[Message]]]


@dataclass(frozen=True, slots=True)
class UnaryMethod:
    """A method that answers with one message."""

    request: type[Message]
    answer: Unary


@dataclass(frozen=True, slots=True)
class StreamingMethod:
    """A method that answers with several messages, all decided at once."""

    request: type[Message]
    answer: Streaming


class Wire:
    """Serves methods over gRPC, counts their calls, and lets faults strike them."""

    def __init__(self, counters: Counters, faults: Faults) -> None:
        self._counters = counters
        self._faults = faults

    def handler(self, methods: dict[str, UnaryMethod | StreamingMethod]) -> grpc.GenericRpcHandler:
        """Make what a gRPC server is given of what answers each method."""
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        for name, method in methods.items():
            if isinstance(method, UnaryMethod):
                handlers[name] = grpc.unary_unary_rpc_method_handler(
                    self._unary(name, method), response_serializer=_serialize
                )
            else:
                handlers[name] = grpc.unary_stream_rpc_method_handler(
                    self._streaming(name, method), response_serializer=_serialize
                )
        return grpc.method_handlers_generic_handler(SERVICE, handlers)

    def _unary(self, name: str, method: UnaryMethod) -> Callable[[bytes, Context], Awaitable[Message]]:
        async def serve(data: bytes, context: Context) -> Message:
            try:
                request, fault = self._accept(name, method.request, data)
                await strike(fault, "before", context)
                response = await method.answer(request)
                await strike(fault, "after", context)
            except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a status
                await abort(name, error, context)
            return response

        return serve

    def _streaming(
        self, name: str, method: StreamingMethod
    ) -> Callable[[bytes, Context], AsyncIterator[Message]]:
        async def serve(data: bytes, context: Context) -> AsyncIterator[Message]:
            try:
                request, fault = self._accept(name, method.request, data)
                await strike(fault, "before", context)
                responses = await method.answer(request)
                await strike(fault, "after", context)
                for response in responses:
                    yield response
            except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a status
                await abort(name, error, context)

        return serve

    def _accept(self, name: str, kind: type[Message], data: bytes) -> tuple[Message, Fault | None]:
        """Read a request, count it, and find what is to happen to it."""
        if len(data) > limits.LARGEST_REQUEST:
            raise InvalidArgumentError(
                f"Request payload size exceeds the limit: {limits.LARGEST_REQUEST} bytes."
            )
        try:
            request = kind.FromString(data)
        except DecodeError as error:
            raise InvalidArgumentError(f"The request is no {kind.DESCRIPTOR.name}: {error}") from error
        self._counters.rpc(names.project(next(targets(request), "")), name)
        return request, self._faults.take(name, lambda: targets(request))


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()
