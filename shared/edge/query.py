"""Query parameters, which are validated as strictly as JSON."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, get_origin
from urllib.parse import parse_qs

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticKnownError, core_schema
from starlette.requests import Request

from shared.domain.errors import Fault
from shared.edge.strict_json import printable
from shared.edge.validation import Model, validate

# The characters by which Python escapes bytes that are not UTF-8 (PEP 383).
_NO_UTF8 = re.compile("[\udc80-\udcff]")
_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)


def read_query(request: Request, model: type[Model]) -> Model:
    """Return the query parameters of a request; a parameter can be repeated if the model has it as a tuple.

    Raises:
        Invalid: the parameters have faults; the error lists all of them.
    """
    query = request.scope["query_string"].decode("latin-1")
    given = parse_qs(query, keep_blank_values=True, errors="surrogateescape")
    repeatable = {name for name, field in model.model_fields.items() if get_origin(field.annotation) is tuple}
    document: dict[str, Any] = {}
    faults = []
    for name, texts in given.items():
        shown = _NO_UTF8.sub("\ufffd", name)
        location = ("query", printable(shown))
        if _NO_UTF8.search("".join([name, *texts])):
            faults.append(Fault(location, "string_unicode", "Input should be a valid string, in UTF-8"))
        elif len(texts) > 1 and name not in repeatable:
            faults.append(Fault(location, "repeated_parameter", "Parameter must not be given twice"))
        document[shown] = texts if name in repeatable else texts[-1]
    return validate(model, document, known=faults, source="query")


def _digits(text: object) -> object:
    """Accept only integers in decimal digits, because pydantic would accept ` 1_0.0` too."""
    if isinstance(text, str) and not _INTEGER.fullmatch(text):
        raise PydanticKnownError("int_parsing")
    return text


_DIGITS = BeforeValidator(_digits)


Flag = Annotated[bool, Field(strict=False)]
# Firestore's offset is an int32. `Page` times `PerPage` stays within it too.
Skip = Annotated[
    int,
    Field(strict=False, ge=0, le=2**31 - 1, description="How many to skip, starting with the newest"),
    _DIGITS,
]
Limit = Annotated[
    int,
    Field(
        strict=False,
        ge=1,
        le=1000,
        description="The maximum number to return. A page of more than 16 MiB is rejected",
    ),
    _DIGITS,
]
Page = Annotated[
    int,
    Field(strict=False, ge=1, le=20_000_000, description="The page, starting at 1, which is the default"),
    _DIGITS,
]
PerPage = Annotated[
    int,
    Field(
        strict=False,
        ge=1,
        le=100,
        description="The number of machines per page; by default 20, or that of the page before "
        "`page_token`. A page of more than 16 MiB is rejected",
    ),
    _DIGITS,
]


@dataclass(frozen=True)
class CommaSeparated:
    """Reads `a,b` as a set of values, each of which must be allowed."""

    allowed: tuple[str, ...]

    def __get_pydantic_core_schema__(self, _: type[Any], __: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema by which pydantic reads the text."""
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the JSON schema of the text."""
        value = "|".join(map(re.escape, self.allowed))
        return {"type": "string", "pattern": f"^({value})(,({value}))*$"}

    def _read(self, text: str) -> frozenset[str]:
        values = frozenset(text.split(","))
        if not values <= frozenset(self.allowed):
            expected = " or ".join(f"'{value}'" for value in self.allowed)
            raise PydanticKnownError("literal_error", {"expected": expected})
        return values
