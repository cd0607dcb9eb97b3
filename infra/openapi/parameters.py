"""What a request says beside its body: its path, query and headers."""

import re
from collections.abc import Iterator
from http import HTTPStatus

from infra.openapi.schemas import REFERENCE, Json, Untitled
from shared.domain import errors
from shared.edge.resource import Operation

COMPONENTS: Json = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes the request repeatable for 24 hours: its success is recorded, and given again "
        "with `Idempotent-Replayed: true`; a pool's machines and their number are shown as they are then. "
        "A failure is not recorded. With another method, path or body the key is refused (422).",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Changes nothing unless the resource has one of these ETags, "
        "or, of a pool, the version that one of them begins with, whatever its members are.",
        "schema": {"type": "string"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Answers 304 if the resource still has one of these ETags; not where machines or "
        "pools are shown beside it, nor for a machine that was heard of since, which makes no new ETag.",
        "schema": {"type": "string"},
    },
}


def parameters(operation: Operation) -> list[Json]:
    """Describe the parameters of an operation."""
    return [*_path(operation), *_query(operation), *_headers(operation)]


def _path(operation: Operation) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


def _query(operation: Operation) -> Iterator[Json]:
    if operation.query is None:
        return
    schema = operation.query.model_json_schema(ref_template=REFERENCE, schema_generator=Untitled)
    for name, value in schema["properties"].items():
        described = {"name": name, "in": "query", "required": name in schema.get("required", ())}
        if "description" in value:
            described["description"] = value.pop("description")
        if value.get("type") == "array":
            described |= {"style": "form", "explode": True}  # given once for each item
        yield described | {"schema": value}


def _headers(operation: Operation) -> Iterator[Json]:
    if operation.method != "GET":
        yield _component("IdempotencyKey")
    if errors.PreconditionFailed in operation.refusals:
        yield _component("IfMatch")
    if HTTPStatus.NOT_MODIFIED in operation.success:
        yield _component("IfNoneMatch")


def _component(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}
