"""Errors of the emulators, each with a gRPC status and a text.

StatusError
├── InvalidArgument       the request is invalid, whatever data is stored
├── NotFound              a resource does not exist; for Pub/Sub see `pubsub/errors.py`
├── AlreadyExists         the resource to create already exists; for Pub/Sub see the same module
├── FailedPrecondition    the current data forbids the request, such as another version or a missing index
├── Aborted               contention ended the transaction or the commit; nothing changed
├── CannotKeep            the data file accepts no more changes: see `data_file.py`
└── Unimplemented         production supports the request, but this emulator does not
"""

import logging
from typing import Any, NoReturn

import grpc
import grpc.aio

from infra.local.faults import Context

_log = logging.getLogger(__name__)


class StatusError(Exception):
    """An error that ends an RPC: a gRPC status code, and a text for people."""

    code = grpc.StatusCode.UNKNOWN


class InvalidArgument(StatusError):
    """The request is invalid, whatever data is stored."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class NotFound(StatusError):
    """A resource that the request names does not exist."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(StatusError):
    """The resource to create already exists."""

    code = grpc.StatusCode.ALREADY_EXISTS


class FailedPrecondition(StatusError):
    """The current data forbids the request."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Aborted(StatusError):
    """Contention ended the transaction or the commit; nothing changed."""

    code = grpc.StatusCode.ABORTED


class Unimplemented(StatusError):
    """Production supports the request, but this emulator does not."""

    code = grpc.StatusCode.UNIMPLEMENTED

    def __init__(self, feature: str) -> None:
        self.feature = feature
        super().__init__(f"{feature} is not implemented by this emulator")


async def abort(method: str, error: Exception, context: Context) -> NoReturn:
    """End an RPC with an error; one that is not a `StatusError` is a bug of the emulator and is logged."""
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if not isinstance(error, StatusError):
        _log.error("%s failed", method, exc_info=error)
        await context.abort(grpc.StatusCode.INTERNAL, f"The emulator failed: {error!r}")
    await context.abort(error.code, str(error))


class RejectOtherMethods(grpc.GenericRpcHandler):
    """Rejects every method that the handlers before it do not have."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        """Return a handler that rejects the method, whatever a client sends."""
        method = handler_call_details.method.lstrip("/")

        async def reject(_: object, context: Context) -> None:
            await abort(method, Unimplemented(method), context)

        return grpc.stream_stream_rpc_method_handler(reject)
