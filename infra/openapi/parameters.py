"""The parameters of operations: in the path, the query and headers."""

import re
from collections.abc import Iterator
from http import HTTPStatus

from infra.openapi.schemas import REFERENCE, Json, Terse
from shared.domain import errors
from shared.edge.resource import Operation

COMPONENTS: Json = {
    "RequestId": {
        "name": "X-Request-Id",
        "in": "header",
        "description": "The id of the request in its response and in the log, if it has 1 to 128 letters, "
        "digits and `._~:/+=-`. Otherwise, the request gets a new one.",
        "schema": {"type": "string"},  # without a pattern, because every value is accepted
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes the request safe to repeat for 24 hours. A success is recorded, and a "
        "repeated request gets the same response with `Idempotent-Replayed: true`, but with the current "
        "machines of a pool and their number. A failure is not recorded. With another method, path or "
        "body, the key is rejected (422). All API keys of an organization share their idempotency keys, so "
        "choose random ones, such as UUIDs.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Makes the change only if the resource has one of these ETags, with their quotes. "
        "Items of lists show none: get the resource itself. For a pool, only the version at the start of the "
        "ETag counts, not the number of members.",
        "schema": {"type": "string"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "GET returns 304 if the resource still has one of these ETags, unless the response "
        "includes machines or pools, or the machine sent a heartbeat since, which does not change the "
        "ETag. A change is made only if the resource has none of these ETags.",
        "schema": {"type": "string"},
    },
}


REQUEST_ID: Json = {"$ref": "#/components/parameters/RequestId"}


def parameters(operation: Operation) -> list[Json]:
    """Return the parameters of an operation."""
    return [*_path(operation), *_query(operation), *_headers(operation)]


def _path(operation: Operation) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


def _query(operation: Operation) -> Iterator[Json]:
    if operation.query is None:
        return
    schema = operation.query.model_json_schema(ref_template=REFERENCE, schema_generator=Terse)
    for name, value in schema["properties"].items():
        described = {"name": name, "in": "query", "required": name in schema.get("required", ())}
        if "description" in value:
            described["description"] = value.pop("description")
        if value.get("type") == "array":
            described |= {"style": "form", "explode": True}  # repeated for each item
        yield described | {"schema": value}


def _headers(operation: Operation) -> Iterator[Json]:
    yield REQUEST_ID
    if operation.method != "GET":
        yield _component("IdempotencyKey")
    if errors.PreconditionFailed in operation.errors:
        yield _component("IfMatch")
    if errors.PreconditionFailed in operation.errors or HTTPStatus.NOT_MODIFIED in operation.success:
        yield _component("IfNoneMatch")


def _component(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}
