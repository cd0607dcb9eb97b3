"""What the emulators do not do: it is refused with UNIMPLEMENTED, by name."""

from typing import Any, TypeAlias

import grpc
import grpc.aio

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


def complaint(feature: str) -> str:
    """Say that a feature is not there."""
    return f"{feature} is not implemented by this emulator"


def refusing(method: str) -> Handler:
    """Refuse a method, `package.Service/Method`, whatever a client sends to it."""

    async def refuse(_: object, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, complaint(method))

    return grpc.stream_stream_rpc_method_handler(refuse)


class RefuseTheRest(grpc.GenericRpcHandler):
    """Refuses every method that the handlers before it do not have."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        """Refuse the method."""
        return refusing(handler_call_details.method.lstrip("/"))
