"""The schemas of bodies: each model is defined once, and every use refers to it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from infra.openapi.problems import PROBLEMS, HTTPValidationError, InvalidRequestProblem, Problem
from shared.edge.body import JSON, PROTOBUF
from shared.edge.problems import MEDIA_TYPE
from shared.edge.resource import Operation

Json = dict[str, Any]
Model = type[BaseModel]

# The reference to a schema by the name of its model.
REFERENCE = "#/components/schemas/{model}"

_ERRORS: tuple[Model, ...] = (Problem, InvalidRequestProblem, HTTPValidationError, *PROBLEMS.values())


class Terse(GenerateJsonSchema):
    """Schemas without what says nothing: titles that repeat the fields' names, and empty defaults.

    For generators of clients, a field with a default is always there: in a response, and also in a request.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        """Return False for every field."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema of a field, with its default unless that is empty.

        A field that can only be null is a constant: openapi-generator for Python fails at such a type.
        """
        described = super().default_schema(schema)
        if described.get("type") == "null":
            described = {"const": None}
        return {k: v for k, v in described.items() if k != "default" or v not in (None, "", [], {})}


class Schemas:
    """The models of operations as schemas, and bodies that refer to them."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        references, definitions = models_json_schema(
            list(dict.fromkeys(_models(operations))),
            ref_template=REFERENCE,
            schema_generator=Terse,
        )
        self._references: Mapping[Any, Json] = references
        self.definitions: Json = definitions["$defs"]

    def request(self, model: Model, message: type[Message] | None) -> Json:
        """Return the schema of a request's body for each of its media types."""
        return _content(
            self._references[model, "validation"], message, ", with the fields of the JSON body alone"
        )

    def response(self, model: Model, message: type[Message] | None) -> Json:
        """Return the schema of a response's body for each of its media types."""
        return _content(self._references[model, "serialization"], message)

    def problem(self, models: Sequence[Model]) -> Json:
        """Return the schema of an error's body, which is one of some problems."""
        references = [self._references[model, "serialization"] for model in dict.fromkeys(models)]
        return {MEDIA_TYPE: {"schema": references[0] if len(references) == 1 else {"anyOf": references}}}


def _models(operations: Iterable[Operation]) -> Iterable[tuple[Model, JsonSchemaMode]]:
    for operation in operations:
        if operation.body is not None:
            yield operation.body, "validation"
        for model in operation.success.values():
            if model is not None:
                yield model, "serialization"
    for model in _ERRORS:
        yield model, "serialization"


def _content(schema: Json, message: type[Message] | None, limit: str = "") -> Json:
    content: Json = {JSON: {"schema": schema}}
    if message is not None:
        # OpenAPI 3.1 needs no type for binary data. TypeScript does: a model or `unknown` is just `unknown`.
        description = f"The protobuf message `{message.DESCRIPTOR.full_name}`{limit}"
        content[PROTOBUF] = {"schema": {"type": "string", "format": "binary", "description": description}}
    return content
