"""The bodies of errors, for the OpenAPI document."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.domain import errors
from shared.edge.validation import NOT_SENT, Uuid


class Problem(BaseModel):
    """A problem (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(json_schema_extra={"format": "uri"})]
    title: str
    status: int
    detail: str
    instance: Annotated[str, Field(description="The path of the request")]


class InvalidField(BaseModel):
    """One fault of a request: the place, such as `nics[0].mac`, and what is wrong."""

    field: str
    reason: str


class InvalidRequestProblem(Problem):
    """An invalid request, with all its faults, or as many as fit in 256 KiB.

    Of duplicate names, lone surrogates, and numbers that are too large or not finite, at most 1,000
    are listed.
    """

    invalid_fields: list[InvalidField]


class MachineNotFoundProblem(Problem):
    """The organization has no such machine."""

    machine_id: str


class MachinesNotFoundProblem(Problem):
    """The organization has none of these machines."""

    machine_ids: list[Uuid]


class PoolNotFoundProblem(Problem):
    """The organization has no such pool."""

    pool_id: Uuid


class PoolsNotFoundProblem(Problem):
    """The organization has none of these pools."""

    pool_ids: list[Uuid]


class DuplicateMacProblem(Problem):
    """Another machine has this MAC address. Its id is given if it belongs to the caller's organization."""

    mac_address: str
    existing_machine_id: Uuid = NOT_SENT


class DuplicateFingerprintProblem(Problem):
    """Another machine of the organization has this fingerprint."""

    fingerprint: str
    existing_machine_id: Uuid


class ValidationFault(BaseModel):
    """One fault of a request."""

    loc: list[str | int]
    msg: str
    type: str


class HTTPValidationError(BaseModel):
    """All faults of a request under `/v1`, or as many as fit in 256 KiB.

    Of duplicate names, lone surrogates, and numbers that are too large or not finite, at most 1,000
    are listed.
    """

    detail: list[ValidationFault]


PROBLEMS: dict[type[errors.InventoryError], type[Problem]] = {
    errors.MachineNotFound: MachineNotFoundProblem,
    errors.MachinesNotFound: MachinesNotFoundProblem,
    errors.PoolNotFound: PoolNotFoundProblem,
    errors.PoolsNotFound: PoolsNotFoundProblem,
    errors.DuplicateMac: DuplicateMacProblem,
    errors.DuplicateFingerprint: DuplicateFingerprintProblem,
}
"""The problems of errors with additional members."""
