"""Times that clients send, in RFC 3339; without a time zone, they are in UTC."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticKnownError

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# In a query, an unencoded + becomes a space.
_LOST_PLUS = re.compile(r"[\d-]+[Tt _]\d\d:\d\d[\d:.,]* \d\d:?\d\d", re.ASCII)
# pydantic also accepts dates, and seconds since 1970 in any Unicode digits.
_DATE_AND_TIME = re.compile(rf"{_DATE.pattern}[Tt _]\d\d:\d\d", re.ASCII)


def _text(value: Any) -> str:  # noqa: ANN401 - what a client sent
    if not isinstance(value, str):
        raise PydanticKnownError("datetime_type")
    if not _DATE_AND_TIME.match(value):
        raise PydanticKnownError("datetime_parsing", {"error": "expected a date and a time"})
    return value


def _utc(time: datetime) -> datetime:
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError as error:
        raise PydanticKnownError("datetime_object_invalid", {"error": "out of range in UTC"}) from error


def _date_as(time: str) -> Callable[[str], str]:
    def complete(text: str) -> str:
        if _LOST_PLUS.fullmatch(text):
            raise PydanticKnownError("datetime_parsing", {"error": "a zone's + is %2B in a URL"})
        if _DATE.fullmatch(text):
            return f"{text}T{time}Z"
        if not _DATE_AND_TIME.match(text):
            raise PydanticKnownError("datetime_parsing", {"error": "expected a date, or a date and a time"})
        return text

    return complete


_DATE_OR_TIME = WithJsonSchema(
    {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
)

Timestamp = Annotated[datetime, Field(strict=False), BeforeValidator(_text), AfterValidator(_utc)]

# The ends of a period in a query. A date without a time is the whole day, in UTC.
PeriodStart = Annotated[Timestamp, BeforeValidator(_date_as("00:00:00")), _DATE_OR_TIME]
PeriodEnd = Annotated[Timestamp, BeforeValidator(_date_as("23:59:59.999999")), _DATE_OR_TIME]
