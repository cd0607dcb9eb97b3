"""The bodies of errors, for the OpenAPI document."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """A problem (RFC 9457); some types have further members."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str


class ValidationFault(BaseModel):
    """One fault of a request."""

    loc: list[str | int]
    msg: str
    type: str
    ctx: dict[str, Any] | None = None


class HTTPValidationError(BaseModel):
    """All faults of a request, as the pools family tells them."""

    detail: list[ValidationFault]
