"""Errors as HTTP responses: RFC 9457 problems, and the validation errors of each family."""

import json
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.domain import errors
from shared.domain.errors import Fault, Location

MEDIA_TYPE = "application/problem+json"


class Family(Enum):
    """The two published APIs, which have different formats of validation errors."""

    MACHINES = auto()
    POOLS = auto()


# The machines family's messages for faults whose own are the pools family's; all other faults keep their own.
_REASONS = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be an array",
    "string_type": "must be a string",
    "string_unicode": "must be text in UTF-8",
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "int_parsing_size": "must be an integer of 64 bits",
    "bool_type": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",  # nothing has to be longer
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "repeated_parameter": "must not be given twice",
}

# The most characters of a response's faults: enough for some thousands of faults.
_MAX_FAULT_CHARACTERS = 256 * 1024


class Problems:
    """Turns errors into responses.

    Args:
        base_url: the base of problem types, which are `{base_url}/{slug}`.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def response(self, error: Exception, *, instance: str, family: Family, request_id: str) -> Response:
        """Return the response to an error.

        Args:
            error: an `InventoryError`, a routing error, or any other error, which becomes a 500 without
                details.
            instance: the request's path.
            family: determines the format of validation errors.
            request_id: included in a 500, so that its log entry can be found.
        """
        match error:
            case errors.Invalid() if family is Family.POOLS:
                return _validation_error(error.faults)
            case errors.IdempotencyKeyReused() if family is Family.POOLS:
                # In the pools family, every 422 has this list as its body.
                location = ("header", "Idempotency-Key")
                return _validation_error([Fault(location, "idempotency_key_reused", str(error))])
            case errors.Invalid():
                status, slug, title = HTTPStatus.BAD_REQUEST, "validation-error", "Validation Error"
                detail = "The request body failed validation"
                if any(fault.location[0] != "body" for fault in error.faults):
                    detail = "The request failed validation"
                listed = list(_that_fit(error.faults))
                if len(listed) < len(error.faults):
                    detail += f"; {len(error.faults) - len(listed)} more faults are not listed"
                extras: dict[str, Any] = {"invalid_fields": _invalid_fields(listed)}
            case errors.InventoryError():
                status, slug, title = PROBLEM_TYPES[type(error)]
                detail, extras = str(error), _extras(error)
            case HTTPException():
                status = HTTPStatus(error.status_code)
                slug, title = status.phrase.lower().replace(" ", "-"), status.phrase
                detail, extras = status.description or status.phrase, {}
            case _:
                status, slug, title = HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", "Internal Error"
                detail, extras = f"Something went wrong; the request id is {request_id}", {}
        problem = {
            "type": f"{self._base_url}/{slug}",
            "title": title,
            "status": status.value,
            "detail": detail,
            "instance": instance,
            **extras,
        }
        return _json(status, problem, MEDIA_TYPE, _headers(error))


PROBLEM_TYPES = {
    errors.MalformedBody: (HTTPStatus.BAD_REQUEST, "malformed-body", "Malformed Body"),
    errors.BodyTooLarge: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", "Body Too Large"),
    errors.BodyTooSlow: (HTTPStatus.REQUEST_TIMEOUT, "body-too-slow", "Body Too Slow"),
    errors.UnsupportedMediaType: (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "Unsupported Media Type",
    ),
    errors.UnsupportedContentCoding: (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported-content-coding",
        "Unsupported Content Coding",
    ),
    errors.UndecodableEvent: (HTTPStatus.BAD_REQUEST, "undecodable-event", "Undecodable Event"),
    errors.Unauthenticated: (HTTPStatus.UNAUTHORIZED, "unauthenticated", "Unauthenticated"),
    errors.ScopeMissing: (HTTPStatus.FORBIDDEN, "scope-missing", "Scope Missing"),
    errors.MachineNotFound: (HTTPStatus.NOT_FOUND, "machine-not-found", "Machine Not Found"),
    errors.MachinesNotFound: (HTTPStatus.NOT_FOUND, "machine-not-found", "Machine Not Found"),
    errors.PoolNotFound: (HTTPStatus.NOT_FOUND, "pool-not-found", "Pool Not Found"),
    errors.PoolsNotFound: (HTTPStatus.NOT_FOUND, "pool-not-found", "Pool Not Found"),
    errors.PreconditionFailed: (
        HTTPStatus.PRECONDITION_FAILED,
        "precondition-failed",
        "Precondition Failed",
    ),
    errors.DuplicateMac: (HTTPStatus.CONFLICT, "duplicate-mac-address", "Duplicate MAC Address"),
    errors.DuplicateFingerprint: (HTTPStatus.CONFLICT, "duplicate-fingerprint", "Duplicate Fingerprint"),
    errors.IdempotencyKeyReused: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "idempotency-key-reused",
        "Idempotency Key Reused",
    ),
    errors.Unavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Unavailable"),
}

# Members of problems in addition to those of RFC 9457: attributes of errors with the same names.
_MEMBERS = (
    *("machine_id", "machine_ids", "pool_id", "pool_ids"),
    *("mac_address", "fingerprint", "existing_machine_id"),
)


def _extras(error: errors.InventoryError) -> dict[str, Any]:
    return {name: value for name in _MEMBERS if (value := getattr(error, name, None)) is not None}


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case errors.Unauthenticated():
            return {"WWW-Authenticate": "Bearer"}
        case errors.BodyTooSlow():
            return {"Connection": "close"}  # the rest of the body is not a new request: RFC 9110, 15.5.9
        case errors.UnsupportedContentCoding():
            return {"Accept-Encoding": "identity"}  # what is accepted: RFC 9110, 15.5.16
        case errors.Unavailable():
            return {"Retry-After": "1"}
        case HTTPException():
            return dict(error.headers or {})
        case _:
            return {}


def _that_fit(faults: Sequence[Fault]) -> Iterator[Fault]:
    """Yield as many faults as fit in a response, because a body can have more than fit in memory."""
    room = _MAX_FAULT_CHARACTERS
    for fault in faults:
        room -= len(fault.message) + sum(len(str(step)) for step in fault.location)
        if room < 0:
            return
        yield fault


def _invalid_fields(faults: Sequence[Fault]) -> list[dict[str, str]]:
    return [{"field": _path(fault.location), "reason": _reason(fault)} for fault in faults]


def _path(location: Location) -> str:
    """Return a location as text: `nics[0].mac`, `body` for the whole body, `""` for a field with no name."""
    path = ""
    for step in location[1:]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".") or ('""' if location[1:] else str(location[0]))


def _reason(fault: Fault) -> str:
    # `message` is not a template, because it can contain a client's text, including braces.
    return _REASONS[fault.kind].format_map(fault.context) if fault.kind in _REASONS else fault.message


def _validation_error(faults: Sequence[Fault]) -> Response:
    """Return faults in the format of FastAPI, but without the input, which can be secret."""
    details = [
        {"loc": list(fault.location), "msg": fault.message, "type": fault.kind} for fault in _that_fit(faults)
    ]
    return _json(HTTPStatus.UNPROCESSABLE_ENTITY, {"detail": details}, "application/json")


def _json(
    status: HTTPStatus, content: dict[str, Any], media_type: str, headers: dict[str, str] | None = None
) -> Response:
    return Response(json.dumps(content), status.value, headers, media_type)
