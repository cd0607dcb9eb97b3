"""The OpenAPI document: https://spec.openapis.org/oas/v3.1.1.html."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from infra.openapi import parameters, responses
from infra.openapi.links import links
from infra.openapi.schemas import Json, Schemas
from shared.edge.problems import Family
from shared.edge.resource import Operation

_DESCRIPTION = """\
Machines with their hardware, and pools that group machines.

Every call except the health checks needs an API key. A key belongs to one organization and sees only that
organization's data. An `Idempotency-Key` makes a write safe to repeat, and `If-Match` prevents lost updates.
HEAD works like GET. No response has CORS headers, so a page in a browser cannot call the API from another
site. It needs a server between them, which keeps the key.

Errors are problems (RFC 9457). The `type` of a problem ends with its title in lower case, with hyphens for
spaces. Under `/v1`, a validation error or the reuse of an idempotency key for another request is a list of
faults instead. Unknown fields, unknown query parameters and values of the wrong type are errors. Every
response has `X-API-Version: v1` and an `X-Request-Id`: the request's own if it has 1 to 128 letters, digits
and `._~:/+=-`, otherwise a new one. It is also in the request's log entry. A 500 has no other details. A load
balancer may send its own 403, 429, 502 and 504 responses, which are not problems.

After a 429, 502, 503 or 504, or without a response, send the same request again with the same
`Idempotency-Key`: after the seconds of `Retry-After`, otherwise with growing pauses. Only a 429 says for
certain that nothing was changed. After a 412, get the resource again to see what has changed.

A request body has at most 1 MiB and 100 levels of nesting. As a protobuf message, a machine has at most
480 KiB, and a pool at most 80 KiB. A machine is in at most 100 pools.
"""
_TAGS = {
    Family.MACHINES: ("machines", "`/api/v1/machines`: machines with their hardware, as JSON or protobuf"),
    Family.POOLS: ("pools", "`/v1`: pools, and machines as their agents see them"),
}
_HEALTH_TAG = ("health", "Whether a function runs, and whether it reaches its store; needs no key")


def document(operations: Sequence[Operation]) -> Json:
    """Return the OpenAPI document of operations."""
    schemas = Schemas(operations)
    paths: Json = {}
    for operation in operations:
        described = _operation(operation, operations, schemas)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Muster",
            "version": "v1",
            "summary": "An event-driven machine inventory",
            "description": _DESCRIPTION,
        },
        # The same as none, but from a document without it, openapi-generator calls localhost.
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in (*_TAGS.values(), _HEALTH_TAG)],
        "security": [{"api_key": []}],
        "paths": paths | dict(_health()),
        "components": {
            "schemas": schemas.definitions,
            "parameters": parameters.COMPONENTS,
            "headers": responses.HEADERS,
            "securitySchemes": {"api_key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation, operations: Sequence[Operation], schemas: Schemas) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Needs a key with the scope `{operation.scope}`.",
        "tags": [_TAGS[operation.family][0]],
        "parameters": parameters.parameters(operation),
        "responses": responses.responses(operation, schemas),
    }
    if operation.body is not None:
        content = schemas.request(operation.body, operation.body_message)
        described["requestBody"] = {"required": True, "content": content}
    for status, found in links(operation, operations).items():
        described["responses"][str(status)]["links"] = found
    return described


def _health() -> Iterator[tuple[str, Json]]:
    alive = _bodiless(HTTPStatus.OK)
    waiting = _bodiless(HTTPStatus.SERVICE_UNAVAILABLE, "Retry-After")
    yield "/health/liveness", _probe("is_alive", "Whether the function runs", alive)
    yield "/health/startup", _probe("has_started", "Whether the function reaches its store", alive | waiting)


def _probe(name: str, summary: str, responses: Json) -> Json:
    described = {
        "operationId": name,
        "summary": summary,
        "description": "Needs no key.",
        "tags": [_HEALTH_TAG[0]],
        "security": [],
        "parameters": [parameters.REQUEST_ID],
        "responses": responses,
    }
    return {"get": described}


def _bodiless(status: HTTPStatus, *headers: str) -> Json:
    return {
        str(status.value): {
            "description": status.phrase,
            "headers": responses.headers("Cache-Control", *headers),
        }
    }
