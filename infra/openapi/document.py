"""The OpenAPI document: https://spec.openapis.org/oas/v3.1.1.html."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from infra.openapi import parameters, responses
from infra.openapi.links import links
from infra.openapi.schemas import Json, Schemas
from shared.edge.problems import Family
from shared.edge.resource import Operation

_DESCRIPTION = """\
Machines with their hardware, and the pools that they are members of.

Every call needs an API key of one organization, and sees that organization alone. Writes can be made
repeatable with an `Idempotency-Key`, and safe from lost updates with `If-Match`. Each GET answers HEAD too.

Errors are problems (RFC 9457), but for validation errors under `/v1` and an idempotency key that was used
for another request there, which are a list of faults. The `type` of a problem ends with its title in lower
case, with hyphens for spaces. What is not known (a field, a query parameter) or has another type is an
error, and never ignored. Every answer has an `X-Request-Id`, which its log entry has too; a 500 tells that
alone. Where there is a load balancer, it may answer 403 or 429 itself, and not as a problem.

A request's body has 1 MiB at most and is nested 100 levels deep at most. A machine has 480 KiB at most and
a pool 80 KiB, as protobuf messages. A machine is in 100 pools at most.
"""
_TAGS = {
    Family.MACHINES: ("machines", "`/api/v1/machines`: machines by their hardware, as JSON or protobuf"),
    Family.POOLS: ("pools", "`/v1`: pools, and machines as the agents on them see them"),
}
_HEALTH_TAG = ("health", "Whether a function runs, and whether it reaches its store; without a key")


def document(operations: Sequence[Operation]) -> Json:
    """Describe operations."""
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


def _probe(name: str, summary: str, answers: Json) -> Json:
    described = {"operationId": name, "summary": summary, "tags": [_HEALTH_TAG[0]], "security": []}
    return {"get": described | {"responses": answers}}


def _bodiless(status: HTTPStatus, *headers: str) -> Json:
    return {
        str(status.value): {
            "description": status.phrase,
            "headers": responses.headers("Cache-Control", *headers),
        }
    }
