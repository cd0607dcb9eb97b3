"""How the emulators refuse: with a gRPC status and a text, whatever went wrong.

Refusal
├── InvalidArgument       the request breaks a rule, whatever is stored
├── NotFound              what it names is not there; of Pub/Sub see `pubsub/errors.py`
├── AlreadyExists         what it would create is there; the same
├── FailedPrecondition    the state forbids it now: another version is stored, say, or an index is missing
├── Aborted               contention ended the transaction or the commit; nothing changed
├── CannotKeep            the data file takes nothing more: see `data_file.py`
└── Unimplemented         production does it, this emulator does not, and does not pretend to
"""

import logging
from typing import Any, NoReturn

import grpc
import grpc.aio

from infra.local.faults import Context

_log = logging.getLogger(__name__)


class Refusal(Exception):
    """What an RPC ends in: a gRPC status code, and a text for people."""

    code = grpc.StatusCode.UNKNOWN


class InvalidArgument(Refusal):
    """The request breaks a rule, whatever is stored."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class NotFound(Refusal):
    """What the request names is not there."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(Refusal):
    """What the request would create is there."""

    code = grpc.StatusCode.ALREADY_EXISTS


class FailedPrecondition(Refusal):
    """The state forbids the request now."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Aborted(Refusal):
    """Contention ended the transaction or the commit; nothing changed."""

    code = grpc.StatusCode.ABORTED


class Unimplemented(Refusal):
    """Production does it, this emulator does not, and does not pretend to."""

    code = grpc.StatusCode.UNIMPLEMENTED

    def __init__(self, feature: str) -> None:
        self.feature = feature
        super().__init__(f"{feature} is not implemented by this emulator")


async def abort(method: str, error: Exception, context: Context) -> NoReturn:
    """End an RPC because of an error. One that is no refusal is a bug of the emulator: the log has it all."""
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if not isinstance(error, Refusal):
        _log.error("%s failed", method, exc_info=error)
        await context.abort(grpc.StatusCode.INTERNAL, f"The emulator failed: {error!r}")
    else:
        await context.abort(error.code, str(error))
    raise AssertionError("abort raises")


class RefuseTheRest(grpc.GenericRpcHandler):
    """Refuses every method that the handlers before it do not have."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        """Refuse the method, whatever a client sends to it."""
        method = handler_call_details.method.lstrip("/")

        async def refuse(_: object, context: Context) -> None:
            await abort(method, Unimplemented(method), context)

        return grpc.stream_stream_rpc_method_handler(refuse)
