"""Times that clients send: RFC 3339, in UTC where they name no zone."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticKnownError

# What pydantic takes beside times: seconds since 1970 in digits, and dates.
_NO_TIME = re.compile(r"[+-]?[0-9.]+|\d{4}-\d{2}-\d{2}", re.ASCII)


def _text(value: Any) -> str:  # noqa: ANN401 - what a client sent
    if not isinstance(value, str):
        raise PydanticKnownError("datetime_type")
    if _NO_TIME.fullmatch(value):
        raise PydanticKnownError("datetime_from_date_parsing", {"error": "expected a date and a time"})
    return value


def _utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise PydanticKnownError("datetime_object_invalid", {"error": "out of range in UTC"}) from error


Moment = Annotated[datetime, Field(strict=False), BeforeValidator(_text), AfterValidator(_utc)]
