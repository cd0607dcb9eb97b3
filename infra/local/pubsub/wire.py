"""gRPC around the services: methods by name, errors as status codes, counters and faults."""

import itertools
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtoMessage

from infra.local.counters import Counters
from infra.local.faults import Context, Fault, Faults, strike
from infra.local.pubsub.errors import InvalidArgument
from infra.local.pubsub.names import project_of
from infra.local.refusals import Handler, abort, refusing

Behaviour = Callable[[Any], Awaitable[ProtoMessage]]
"""Answers a request message with a response message, or raises PubsubError."""


Methods = Mapping[str, tuple[Behaviour, type[ProtoMessage]]]
Request = TypeVar("Request", bound=ProtoMessage)


class Wire:
    """Puts services on the wire, with their RPCs counted and open to faults."""

    def __init__(self, counters: Counters, faults: Faults) -> None:
        self._counters = counters
        self._faults = faults

    def unary(self, method: str, behaviour: Behaviour, request: type[ProtoMessage]) -> Handler:
        """Serve a method that takes one message and returns one."""

        async def call(body: bytes, context: Context) -> ProtoMessage:
            try:
                message = decoded(body, request)
                fault = self.begin(method, message)
                await strike(fault, "before", context)
                response = await behaviour(message)
                await strike(fault, "after", context)
            except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a status
                await abort(method, error, context)
            return response

        return grpc.unary_unary_rpc_method_handler(call, response_serializer=_serialize)

    def service(
        self,
        name: str,
        methods: Methods,
        unimplemented: Iterable[str],
        streams: Mapping[str, Handler] | None = None,
    ) -> grpc.GenericRpcHandler:
        """Serve a whole service: its methods, and by name those that are refused."""
        handlers = {method: self.unary(method, *how) for method, how in methods.items()}
        handlers |= {method: refusing(f"{name}/{method}") for method in unimplemented}
        return grpc.method_handlers_generic_handler(name, handlers | dict(streams or {}))

    def begin(self, method: str, message: ProtoMessage) -> Fault | None:
        """Count an RPC and take the fault that is meant for it, if any."""
        names = list(_names(message))
        project = next((project_of(name) for name in names if name.startswith("projects/")), None)
        if project is not None:
            self._counters.rpc(project, method)
        return self._faults.take(method, lambda: names)


def decoded(body: bytes, request: type[Request]) -> Request:
    """Parse a request; gRPC's own way would answer UNKNOWN with a Python error.

    Raises:
        InvalidArgument: it is no such message.
    """
    try:
        return request.FromString(body)
    except DecodeError as error:
        raise InvalidArgument(f"Invalid request: it is no {request.DESCRIPTOR.full_name}.") from error


def _serialize(message: ProtoMessage) -> bytes:
    return message.SerializeToString()


def _names(message: ProtoMessage) -> Iterable[str]:
    """Yield the resource names of a request: its own strings, and the names of resources inside it."""
    for field, value in itertools.islice(message.ListFields(), 4):
        if isinstance(value, str):
            yield value
        elif field.message_type is not None and "name" in field.message_type.fields_by_name:
            yield value.name
