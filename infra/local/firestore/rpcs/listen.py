"""Listen, which is not implemented: it rejects the target as production does, so that clients report it."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import grpc

from google_apis.firestore.firestore_pb2 import ListenRequest, ListenResponse, TargetChange
from infra.local.faults import Context
from infra.local.status_errors import InvalidArgument, Unimplemented, abort
from infra.local.wire import decoded


def handler(service: str) -> grpc.GenericRpcHandler:
    """Return the RPC's handler."""
    listen: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(
        _serve, response_serializer=ListenResponse.SerializeToString
    )
    return grpc.method_handlers_generic_handler(service, {"Listen": listen})


async def _serve(bodies: AsyncIterator[bytes], context: Context) -> AsyncIterator[ListenResponse]:
    """Remove the first target, and end with UNIMPLEMENTED.

    The status alone is not enough: Google's client for Node.js drops it, and opens the stream again.
    """
    error = Unimplemented("google.firestore.v1.Firestore/Listen")
    with suppress(InvalidArgument):
        request = decoded(await anext(bodies, b""), ListenRequest)
        if request.HasField("add_target"):
            yield _removed(request.add_target.target_id, error)
    await abort("Listen", error, context)


def _removed(target: int, error: Unimplemented) -> ListenResponse:
    change = TargetChange(target_change_type=TargetChange.TargetChangeType.REMOVE, target_ids=[target])
    change.cause.code, _ = error.code.value
    change.cause.message = str(error)
    return ListenResponse(target_change=change)
