"""From untrusted documents to pydantic models, or to every fault of them at its place."""

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

from shared.domain.errors import Fault, Invalid
from shared.edge.strict_json import printable

Model = TypeVar("Model", bound=BaseModel)

# A UUID in any form that pydantic reads, as the text that it is stored by.
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

# The same in answers, which are text all through.
Uuid = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]


# What pydantic says at an object of a name with a lone surrogate; the parser has said it at the name.
_SURROGATE_IN_NAME = "string_unicode"


def without_default(schema: dict[str, Any]) -> None:
    """Leave a default out of a schema: nobody reads it, or it is no value that could be sent."""
    del schema["default"]


# For a field that need not be sent; the model knows whether it was, also where None is no value of its type.
NOT_SENT: Any = Field(default=None, json_schema_extra=without_default)


@dataclass(frozen=True)
class AtMost:
    """Limits the entries of an array or an object; one that has too many is not looked into.

    Else the faults of all its entries would be told: a quarter of a million of them in a body of 1 MiB. It
    stands in front of what looks at the whole array.
    """

    count: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's signature
        """Tell pydantic of the limit, and check it first."""
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
    """A model that is built when it is first used: an instance is started for one call, and knows all."""

    model_config = ConfigDict(defer_build=True)


class Strict(Deferred):
    """A model that takes values of just the declared types and no unknown fields.

    Its errors do not quote what they refuse, which may be secret.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


# More than any model has: of a document with more names, a hundred thousand in 1 MiB, not each is looked at.
MOST_NAMES = 1000


def validate(
    model: type[Model],
    document: Any,  # noqa: ANN401 - what a client sent
    *,
    known: Sequence[Fault] = (),
    source: str = "body",
) -> Model:
    """Make a model of a document.

    Args:
        model: the model's class.
        document: the parsed document.
        known: faults that parsing found; of two faults at one place the parser's is told.
        source: where the document stands in the request: `body` or `query`.

    Raises:
        Invalid: with all faults, those of parsing first.
    """
    if isinstance(document, dict) and len(document) > MOST_NAMES:
        message = f"must have at most {MOST_NAMES} entries"
        raise Invalid([*known, Fault((source,), "too_long", message, {"max_length": MOST_NAMES})])
    faults = list(known)
    places = {fault.location for fault in known}
    try:
        # `from_attributes` words what is no object as FastAPI does, without the model's name.
        result = model.model_validate(document, from_attributes=True)
    except ValidationError as error:
        faults += [
            Fault(place, details["type"], details["msg"], details.get("ctx", {}))
            for details in error.errors(include_url=False, include_input=False)
            if (place := _place(source, details["loc"])) not in places
            and details["type"] != _SURROGATE_IN_NAME
        ]
        raise Invalid(faults) from error
    if faults:
        raise Invalid(faults)
    return result


def _place(source: str, location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    # Of a key that is at fault, pydantic says the key and then "[key]".
    steps = location[:-1] if location[-1:] == ("[key]",) else location
    return (source, *(printable(step) if isinstance(step, str) else step for step in steps))
