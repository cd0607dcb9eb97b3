"""Make the OpenAPI document and its page from the functions' operations: `python -m infra.openapi`.

Both are files of the `machines` function, which serves them as they are: a document that is the same for
everybody need not be built by every instance that starts.
"""

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from functions.machines.operations import operations as machines_operations
from functions.pools.operations import operations as pools_operations
from infra import openapi_page
from shared.bootstrap import inventory
from shared.domain import errors
from shared.edge.problem_models import HTTPValidationError, Problem
from shared.edge.problems import REFUSALS, Family
from shared.edge.resource import Operation

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("functions/machines/openapi")

Json = dict[str, Any]
References = Mapping[Any, Json]
"""Where the schema of a model stands in the document, by the model and what it is for."""

_IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes the request repeatable for 24 hours: its success is recorded, and given again.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "description": "Changes nothing unless the resource has this ETag.",
    "schema": {"type": "string"},
}
_IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "description": "Answers 304 if the resource still has this ETag.",
    "schema": {"type": "string"},
}
_EVERYWHERE = (errors.Unauthenticated, errors.ScopeMissing, errors.Unavailable)
_WITH_BODY = (errors.MalformedBody, errors.BodyTooLarge, errors.UnsupportedMediaType)


def main() -> None:
    """Write the document and its page."""
    parser = argparse.ArgumentParser(prog="python -m infra.openapi", description="Make the OpenAPI document.")
    parser.add_argument(
        "--into", type=Path, default=ROOT, help="the folder to write below (default: the project)"
    )
    folder = parser.parse_args().into / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    content = document(all_operations())
    (folder / "openapi.json").write_text(json.dumps(content, indent=2) + "\n")
    (folder / "docs.html").write_text(openapi_page.render(content))


def all_operations() -> list[Operation]:
    """List the operations of all functions; nothing is called, so no project is needed."""
    unused = inventory({"GOOGLE_CLOUD_PROJECT": "unused"})
    return [*machines_operations(unused), *pools_operations(unused)]


def document(operations: Sequence[Operation]) -> Json:
    """Describe operations as OpenAPI 3.1: https://spec.openapis.org/oas/v3.1.1.html."""
    references, schemas = _schemas(operations)
    paths: Json = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, operations, references
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Muster",
            "version": "v1",
            "summary": "An event-driven machine inventory",
            "description": "Machines with their hardware, and the pools that they are members of.",
        },
        "security": [{"api_key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"api_key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(operations: Iterable[Operation]) -> tuple[References, Json]:
    models: dict[Any, None] = {}
    for operation in operations:
        if operation.body is not None:
            models[operation.body, "validation"] = None
        for model in operation.success.values():
            if model is not None:
                models[model, "serialization"] = None
    for model in (Problem, HTTPValidationError):
        models[model, "serialization"] = None
    definitions, schema = models_json_schema(list(models), ref_template="#/components/schemas/{model}")
    return definitions, schema["$defs"]


def _content(references: References, media_type: str, model: type[BaseModel], mode: JsonSchemaMode) -> Json:
    return {media_type: {"schema": references[model, mode]}}


def _operation(operation: Operation, operations: Sequence[Operation], references: References) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Needs a key with the scope `{operation.scope}`.",
        "tags": [operation.path.removeprefix("/api").split("/")[2]],
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation, references),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": _content(references, "application/json", operation.body, "validation"),
        }
    created = described["responses"].get("201")
    if created is not None:
        created["links"] = _links(operation, operations)
    return described


def _parameters(operation: Operation) -> Iterable[Json]:
    for name in re.findall(r"{(\w+)}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    if operation.query is not None:
        schema = operation.query.model_json_schema()
        for name, value in schema["properties"].items():
            yield {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", ()),
                "schema": value,
            }
    if operation.method != "GET":
        yield _IDEMPOTENCY_KEY
    if errors.PreconditionFailed in operation.refusals:
        yield _IF_MATCH
    if HTTPStatus.NOT_MODIFIED in operation.success:
        yield _IF_NONE_MATCH


def _responses(operation: Operation, references: References) -> Json:
    responses: Json = {}
    for status, model in operation.success.items():
        responses[str(status)] = {"description": HTTPStatus(status).phrase}
        if model is not None:
            responses[str(status)]["content"] = _content(
                references, "application/json", model, "serialization"
            )
    refusals = [*_EVERYWHERE, *(_WITH_BODY if operation.body else ()), *operation.refusals]
    if operation.method != "GET":
        refusals.append(errors.IdempotencyKeyReused)
    problem = _content(references, "application/problem+json", Problem, "serialization")
    for refusal in refusals:
        status, _, title = REFUSALS[refusal]
        described = responses.setdefault(str(status.value), {"description": title, "content": problem})
        if title not in described["description"]:
            described["description"] += f", or {title}"
    if operation.family is Family.POOLS:
        invalid = _content(references, "application/json", HTTPValidationError, "serialization")
        responses["422"] = {"description": "Validation Error", "content": invalid}
    else:
        responses.setdefault("400", {"description": "Validation Error", "content": problem})
    return dict(sorted(responses.items()))


def _links(operation: Operation, operations: Iterable[Operation]) -> Json:
    """Link what was created to the operations of its own path: they take its id."""
    own = re.compile(re.escape(operation.path) + r"/{(\w+)}")
    return {
        other.name: {"operationId": other.name, "parameters": {match[1]: "$response.body#/id"}}
        for other in operations
        if (match := own.fullmatch(other.path))
    }


if __name__ == "__main__":
    main()
