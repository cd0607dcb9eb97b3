"""Hooks for schemathesis: protobuf, and conditions for success that a schema cannot express.

https://schemathesis.readthedocs.io/en/stable/guides/extending/
"""

import re
import uuid
from http import HTTPStatus
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.deserialization import DeserializationContext
from schemathesis.core.transport import Response
from schemathesis.generation.meta import TestPhase
from schemathesis.transport.serialization import Binary

from shared.pb.inventory.v1.api_pb2 import RegisteredMachine
from shared.pb.inventory.v1.machine_pb2 import NIC, Machine

PROTOBUF = "application/x-protobuf"

# HTTP's own headers, and Content-Type, which the document describes with the content.
_OF_HTTP = {"connection", "content-length", "content-type", "date", "server", "transfer-encoding"}
_INT64 = range(-(2**63), 2**63)
_existing: dict[str, list[str]] = {"/v1/machines": [], "/v1/pools": []}
_page_tokens: dict[str, dict[str, Any]] = {}


def _machine(tail: bytes) -> bytes:
    return Machine(nics=[NIC(mac=f"02{tail.hex()}")]).SerializeToString()


schemathesis.openapi.media_type(PROTOBUF, st.binary(min_size=5, max_size=5).map(_machine))


@schemathesis.deserializer(PROTOBUF)
def read_message(context: DeserializationContext, response: Response) -> str:
    """Check that a response is its operation's message, and return it as the string of its schema."""
    message = RegisteredMachine if context.operation.method == "post" else Machine
    message.FromString(response.content)
    return response.content.decode("latin-1")


@schemathesis.check
def headers_are_described(context: schemathesis.CheckContext, response: Response, case: Case[Any]) -> None:
    """Check that a response has no header that the document does not describe."""
    del context
    described = case.operation.definition.raw["responses"].get(str(response.status_code))
    if described is not None:
        undescribed = set(response.headers) - {name.lower() for name in described["headers"]} - _OF_HTTP
        assert not undescribed, f"Headers that are not described: {undescribed}"


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Complete a request that should succeed, and corrupt a message that should be rejected."""
    del context, kwargs
    assert case.meta
    if case.media_type == PROTOBUF:
        case.headers["Accept"] = PROTOBUF
    if case.meta.generation.mode.is_positive:
        _make_possible(case)
    elif isinstance(case.body, Binary):
        case.body = Binary(case.body.data + b"\xff")  # an incomplete tag


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: Case[Any], response: Response) -> None:
    """Record what exists, for use in later requests."""
    del context
    if token := re.search(rb'"next_page_token":"([^"]+)"', response.content):
        _page_tokens[token[1].decode()] = {k: v for k, v in case.query.items() if k == "label"}
    collection, _, name = response.headers.get("location", [case.formatted_path])[0].rpartition("/")
    if response.status_code == HTTPStatus.CREATED:
        _existing[collection.removeprefix("/api")].append(name)
    if case.method == "DELETE" and name in _existing.get(collection.removeprefix("/api"), ()):
        _existing[collection.removeprefix("/api")].remove(name)


def _make_possible(case: Case[Any]) -> None:
    assert case.meta
    # Make each request's key unique.
    if key := case.headers.get("Idempotency-Key"):
        case.headers["Idempotency-Key"] = f"{uuid.uuid4()}{key}"[:255]
    # Only the server can make tokens. A token needs the same labels, and contains all other parameters.
    token = case.query.pop("page_token", None)
    if token in _page_tokens:
        case.query = {**_page_tokens[token], "page_token": token}
    # Requests from links have their ids from the link. All others use an existing id, if any.
    if case.meta.phase.name is not TestPhase.STATEFUL:
        for name, existing in (
            ("machine_id", _existing["/v1/machines"]),
            ("pool_id", _existing["/v1/pools"]),
        ):
            if name in case.path_parameters and existing:
                case.path_parameters[name] = existing[-1]
    if case.media_type == PROTOBUF and not isinstance(case.body, Binary):
        case.body = Binary(_machine(uuid.uuid4().bytes[:5]))  # a link has set fields as in JSON
    if not isinstance(case.body, dict):
        return
    body = _with_integers(case.body)
    if body.get("machine_ids"):
        body["machine_ids"] = _existing["/v1/machines"][-2:] or body["machine_ids"]
    if body.get("pool_ids"):
        body["pool_ids"] = _existing["/v1/pools"][-2:]
    case.body = body


def _with_integers(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Replace 1.0 by 1, which is equal in JSON Schema, and larger integers than 64 bits by floats."""
    match value:
        case dict():
            return {name: _with_integers(item) for name, item in value.items()}
        case list():
            return [_with_integers(item) for item in value]
        case float() if value.is_integer() and int(value) in _INT64:
            return int(value)
        case int() if value not in _INT64:
            return float(value)
        case _:
            return value
