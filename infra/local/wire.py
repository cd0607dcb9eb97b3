"""gRPC handlers of an emulator's methods: they parse requests, and turn errors into status codes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from infra.local.counters import Counters
from infra.local.faults import Context, Fault, Faults, strike
from infra.local.projects import project_of
from infra.local.status_errors import InvalidArgument, abort
from infra.local.together import let_wait

# Untyped, because each method has its own types of request and response; its own signature is typed.
Unary = Callable[[Any], Awaitable[Message]]
Streaming = Callable[[Any], Awaitable[Iterable[Message]]]
UnaryMethods = Mapping[str, tuple[Unary, type[Message]]]
StreamingMethods = Mapping[str, tuple[Streaming, type[Message]]]
Response = TypeVar("Response")
Request = TypeVar("Request", bound=Message)


class Wire:
    """Serves methods over gRPC, counts their calls, and applies faults to them.

    Args:
        counters: count the calls for the project of the request.
        faults: the faults that wait for calls.
        targets: returns the resource names in a request.
        largest: how many bytes a request can have; None if the methods themselves check that.
    """

    def __init__(
        self,
        counters: Counters,
        faults: Faults,
        targets: Callable[[Any], Iterable[str]],
        largest: int | None = None,
    ) -> None:
        self._counters = counters
        self._faults = faults
        self._targets = targets
        self._largest = largest

    def unary(self, service: str, methods: UnaryMethods) -> grpc.GenericRpcHandler:
        """Return a handler of methods with one response, each given with its request type."""
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            name: grpc.unary_unary_rpc_method_handler(
                self._unary(name, method, request), response_serializer=_serialize
            )
            for name, (method, request) in methods.items()
        }
        return grpc.method_handlers_generic_handler(service, handlers)

    def streaming(self, service: str, methods: StreamingMethods) -> grpc.GenericRpcHandler:
        """Return a handler of methods with a stream of responses, all of which are known at its start."""
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            name: grpc.unary_stream_rpc_method_handler(
                self._streaming(name, method, request), response_serializer=_serialize
            )
            for name, (method, request) in methods.items()
        }
        return grpc.method_handlers_generic_handler(service, handlers)

    def begin(self, method: str, request: Message) -> Fault | None:
        """Count an RPC, and return the fault for it, if any."""
        for name in self._targets(request):
            if project := project_of(name):
                self._counters.rpc(project, method)
                break
        return self._faults.take(method, lambda: self._targets(request))

    def _unary(
        self, name: str, method: Unary, kind: type[Message]
    ) -> Callable[[bytes, Context], Awaitable[Message]]:
        async def serve(body: bytes, context: Context) -> Message:
            try:
                return await self._call(name, method, kind, body, context)
            except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a status
                await abort(name, error, context)

        return serve

    def _streaming(
        self, name: str, method: Streaming, kind: type[Message]
    ) -> Callable[[bytes, Context], AsyncIterator[Message]]:
        async def serve(body: bytes, context: Context) -> AsyncIterator[Message]:
            try:
                for position, response in enumerate(await self._call(name, method, kind, body, context)):
                    if position:  # the first, with a transaction's id, is sent at once
                        let_wait(context)
                    yield response
            except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a status
                await abort(name, error, context)

        return serve

    async def _call(
        self,
        name: str,
        method: Callable[[Any], Awaitable[Response]],
        kind: type[Message],
        body: bytes,
        context: Context,
    ) -> Response:
        """Call a method with a request, and apply the fault before and after it."""
        request = self._accept(body, kind)
        fault = self.begin(name, request)
        await strike(fault, "before", context)
        response = await method(request)
        await strike(fault, "after", context)
        return response

    def _accept(self, body: bytes, kind: type[Message]) -> Message:
        if self._largest is not None and len(body) > self._largest:
            raise InvalidArgument(f"Request payload size exceeds the limit: {self._largest} bytes.")
        return decoded(body, kind)


def decoded(body: bytes, kind: type[Request]) -> Request:
    """Parse a request. An error in gRPC's own parsing would become UNKNOWN with a Python error.

    Raises:
        InvalidArgument: the bytes are not such a message.
    """
    try:
        return kind.FromString(body)
    except DecodeError as error:
        raise InvalidArgument(f"The request is no {kind.DESCRIPTOR.full_name}: {error}") from error


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()
