"""StreamingPull: a stream of messages in one direction and of acknowledgements in the other."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.counters import Counters
from infra.local.faults import Context, Fault, strike
from infra.local.pubsub.broker import Broker
from infra.local.pubsub.leases import Consumer, Lease
from infra.local.pubsub.session import Session
from infra.local.pubsub.settings import check_ack_deadline
from infra.local.status_errors import InvalidArgument, abort
from infra.local.wire import Wire, decoded

_BATCH = 200
_KEEP_ALIVE = 30.0  # seconds


class StreamingPull:
    """The StreamingPull RPC, documented in google/pubsub/v1/pubsub.proto."""

    def __init__(self, broker: Broker, counters: Counters, wire: Wire) -> None:
        self._broker = broker
        self._counters = counters
        self._wire = wire

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the RPC's handler."""
        handler: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(
            self._serve, response_serializer=pb.StreamingPullResponse.SerializeToString
        )
        return grpc.method_handlers_generic_handler("google.pubsub.v1.Subscriber", {"StreamingPull": handler})

    async def _serve(self, bodies: AsyncIterator[bytes], context: Context) -> None:
        requests = (decoded(body, pb.StreamingPullRequest) async for body in bodies)
        try:
            first = await anext(requests, None)
            if first is None:
                return
            fault = self._wire.begin("StreamingPull", first)
            await strike(fault, "before", context)
            session = self._open(first)
            with session:
                reader = asyncio.create_task(_read(requests, session))
                writer = asyncio.create_task(_write(context, session, fault))
                try:
                    done, _ = await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                finally:
                    reader.cancel()
                    writer.cancel()
        except Exception as error:  # noqa: BLE001 - the client gets a status for every error
            await abort("StreamingPull", error, context)

    def _open(self, first: pb.StreamingPullRequest) -> Session:
        check_ack_deadline("stream_ack_deadline_seconds", first.stream_ack_deadline_seconds)
        consumer = Consumer(
            max_messages=first.max_outstanding_messages,
            max_bytes=first.max_outstanding_bytes,
            ack_deadline=first.stream_ack_deadline_seconds,
        )
        subscription = self._broker.subscription(first.subscription)
        session = Session(subscription, consumer, self._broker.clock, self._counters)
        _apply(first, session)
        return session


async def _read(requests: AsyncIterator[pb.StreamingPullRequest], session: Session) -> None:
    """Read acknowledgements until the client closes its side of the stream."""
    async for request in requests:
        if request.subscription or request.client_id or request.protocol_version:
            raise InvalidArgument("Only the first request of a stream may name its subscription and client.")
        if request.max_outstanding_messages or request.max_outstanding_bytes:
            raise InvalidArgument("Only the first request of a stream may set its flow control.")
        if request.stream_ack_deadline_seconds:
            check_ack_deadline("stream_ack_deadline_seconds", request.stream_ack_deadline_seconds)
            session.set_ack_deadline(request.stream_ack_deadline_seconds)
        _apply(request, session)


async def _write(context: Context, session: Session, fault: Fault | None) -> None:
    """Send messages when there are some, and otherwise keep-alives. A fault "after" follows the first."""
    while True:
        leases = session.take(_BATCH)
        if leases or await _keep_alive_is_due(session):
            await context.write(_response(leases, session))
            await strike(fault, "after", context)
            fault = None


async def _keep_alive_is_due(session: Session) -> bool:
    """Wait until there may be messages; return True if a keep-alive is due first."""
    try:
        async with asyncio.timeout(_KEEP_ALIVE):
            await session.ready()
    except TimeoutError:
        return True
    return False


def _response(leases: list[Lease], session: Session) -> pb.StreamingPullResponse:
    return pb.StreamingPullResponse(
        received_messages=session.received(leases),
        subscription_properties=pb.StreamingPullResponse.SubscriptionProperties(
            message_ordering_enabled=session.ordered
        ),
    )


def _apply(request: pb.StreamingPullRequest, session: Session) -> None:
    if request.ack_ids:
        session.acknowledge(request.ack_ids)
    if request.modify_deadline_ack_ids or request.modify_deadline_seconds:
        session.modify_deadlines(request.modify_deadline_ack_ids, request.modify_deadline_seconds)
