"""The schemas of bodies: each model once, and every use a reference to it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from infra.openapi.problems import PROBLEMS, HTTPValidationError, InvalidRequestProblem, Problem
from shared.edge.body import JSON, PROTOBUF
from shared.edge.problems import MEDIA_TYPE
from shared.edge.resource import Operation

Json = dict[str, Any]
Model = type[BaseModel]

# Where a schema refers to another one, by its model's name.
REFERENCE = "#/components/schemas/{model}"

_ERRORS: tuple[Model, ...] = (Problem, InvalidRequestProblem, HTTPValidationError, *PROBLEMS.values())


class Untitled(GenerateJsonSchema):
    """Schemas whose fields have no titles: they would only say the fields' names once more."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        """Leave it out."""
        return False


class Schemas:
    """The models of operations as schemas, and bodies that refer to them."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        references, definitions = models_json_schema(
            list(dict.fromkeys(_models(operations))),
            ref_template=REFERENCE,
            schema_generator=Untitled,
        )
        self._references: Mapping[Any, Json] = references
        self.definitions: Json = definitions["$defs"]

    def request(self, model: Model, message: type[Message] | None) -> Json:
        """Describe a request's body in the media types that it may have."""
        return _content(
            self._references[model, "validation"], message, ", with the fields of the JSON body alone"
        )

    def answer(self, model: Model, message: type[Message] | None) -> Json:
        """Describe an answer's body in the media types that it may have."""
        return _content(self._references[model, "serialization"], message)

    def problem(self, models: Sequence[Model]) -> Json:
        """Describe the body of an error that is one of some problems."""
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
        # As OpenAPI 3.1 has bytes: no `type`. https://spec.openapis.org/oas/v3.1.1.html#binary-data
        description = f"The protobuf message `{message.DESCRIPTOR.full_name}`{limit}"
        content[PROTOBUF] = {"schema": {"description": description}}
    return content
