"""Validation of untrusted documents: a pydantic model, or all faults with their locations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetPydanticSchema,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from shared.domain.errors import Fault, Invalid, Location
from shared.edge.strict_json import printable

Model = TypeVar("Model", bound=BaseModel)

# A UUID in any form that pydantic accepts, as the canonical text that is stored.
UuidText = Annotated[
    str,
    GetPydanticSchema(
        lambda *_: core_schema.no_info_after_validator_function(
            str,
            core_schema.uuid_schema(strict=False),
            serialization=core_schema.simple_ser_schema("str"),
        )
    ),
]

# A UUID in responses, in which it is always text.
Uuid = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]

# An integer that can have more than 32 bits, which clients in Java and some other languages otherwise assume.
Int64 = Annotated[int, Field(json_schema_extra={"format": "int64"})]


# pydantic's fault of an object that has a name with a lone surrogate. The parser reports it at the name.
_SURROGATE_IN_NAME = "string_unicode"


# An optional field. The model knows whether it was sent, even if None is not a value of its type.
NOT_SENT: Any = None


@dataclass(frozen=True)
class MaxLength:
    """Limits the entries of an array or object; one with too many entries is not validated further.

    Otherwise, each entry could have a fault: a quarter of a million in a body of 1 MiB. This check must come
    before validators of the whole array.
    """

    count: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's signature
        """Add the limit to the schema, and check it before the entries."""
        limited: Any = handler(source)
        limited["max_length"] = self.count
        return core_schema.no_info_before_validator_function(self._check, limited)

    def _check(self, value: Any) -> Any:  # noqa: ANN401 - what a client sent
        if isinstance(value, list | dict) and len(value) > self.count:
            kind = "List" if isinstance(value, list) else "Dictionary"
            figures = {"field_type": kind, "max_length": self.count, "actual_length": len(value)}
            raise PydanticKnownError("too_long", figures)
        return value


class Deferred(BaseModel):
    """A model that is built when it is first used: an instance has all models, but starts for one call."""

    model_config = ConfigDict(defer_build=True)


class Strict(Deferred):
    """A model that accepts only values of the declared types, and no unknown fields.

    Its errors do not contain rejected values, which can be secret.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


# More than any model has. A document with more (1 MiB can have a hundred thousand) is rejected as a whole.
MAX_NAMES = 1000


def validate(
    model: type[Model],
    document: Any,  # noqa: ANN401 - what a client sent
    *,
    known: Sequence[Fault] = (),
    source: str = "body",
) -> Model:
    """Return a document as a model.

    Args:
        model: the model's class.
        document: the parsed document.
        known: faults that parsing found; they replace those of validation with the same location.
        source: the document's part of the request: `body` or `query`.

    Raises:
        Invalid: the document has faults; the error lists all of them, those of parsing first.
    """
    if isinstance(document, dict) and len(document) > MAX_NAMES:
        message = f"must have at most {MAX_NAMES} entries"
        raise Invalid([*known, Fault((source,), "too_long", message, {"max_length": MAX_NAMES})])
    faults = list(known)
    locations = {fault.location for fault in known}
    try:
        # With `from_attributes`, the message for a value that is not an object is FastAPI's: it does not
        # contain the model's name.
        result = model.model_validate(document, from_attributes=True)
    except ValidationError as error:
        faults += [
            Fault(location, details["type"], details["msg"], details.get("ctx", {}))
            for details in error.errors(include_url=False, include_input=False)
            if (location := _location(source, details["loc"])) not in locations
            and details["type"] != _SURROGATE_IN_NAME
        ]
        raise Invalid(faults) from error
    if faults:
        raise Invalid(faults)
    return result


def _location(source: str, location: Location) -> Location:
    # For a fault of a key, pydantic's location ends with the key and "[key]".
    steps = location[:-1] if location[-1:] == ("[key]",) else location
    return (source, *(printable(step) if isinstance(step, str) else step for step in steps))
