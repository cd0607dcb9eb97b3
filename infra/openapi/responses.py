"""The responses of operations: status codes, headers and bodies."""

from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus

from infra.openapi.problems import PROBLEMS, HTTPValidationError, InvalidRequestProblem, Problem
from infra.openapi.schemas import Json, Schemas
from shared.domain import errors
from shared.edge.pool_view import PoolView
from shared.edge.problems import PROBLEM_TYPES, Family
from shared.edge.request_log import SANE_REQUEST_ID
from shared.edge.resource import Operation

HEADERS: Json = {
    "X-Request-Id": {
        "description": "The request's `X-Request-Id` if it matches this pattern, otherwise a new id",
        "required": True,
        "schema": {"type": "string", "pattern": f"^{SANE_REQUEST_ID.pattern}$"},
    },
    "X-API-Version": {"required": True, "schema": {"const": "v1"}},
    "ETag": {
        "description": "The version of the resource, for `If-Match` and `If-None-Match`; "
        "a `GET` of a pool with members adds their number",
        "required": True,
        "schema": {"type": "string", "pattern": r'^"[1-9][0-9]*(\.[1-9][0-9]*)?"$'},
    },
    "Location": {
        "description": "The path of the created resource",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Vary": {
        "description": "The request header that selects the media type of the response",
        "required": True,
        "schema": {"const": "Accept"},
    },
    "Link": {
        "description": 'With `rel="next"`, the path to further machines or pools, if there are any',
        "schema": {"type": "string"},
    },
    "Idempotent-Replayed": {
        "description": "The response was recorded for an earlier request with this `Idempotency-Key`",
        "schema": {"const": "true"},
    },
    "Retry-After": {
        "description": "How many seconds to wait before a retry",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "Accept-Encoding": {
        "description": "If the body had a `Content-Encoding`: the supported one",
        "schema": {"const": "identity"},
    },
    "WWW-Authenticate": {"required": True, "schema": {"const": "Bearer"}},
    "Cache-Control": {"required": True, "schema": {"const": "no-cache, no-store, must-revalidate"}},
}
_EVERYWHERE = ("X-Request-Id", "X-API-Version")
_OF_STATUS = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("Accept-Encoding",),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After",),
}

_COMMON_ERRORS = (errors.Unauthenticated, errors.ScopeMissing, errors.Unavailable)
_LIST_OF_FAULTS = HTTPStatus.UNPROCESSABLE_ENTITY  # in the pools family, every 422 is this list


def responses(operation: Operation, schemas: Schemas) -> Json:
    """Return the responses of an operation by status."""
    return dict(sorted([*_successes(operation, schemas), *_problems(operation, schemas)]))


def headers(*names: str) -> Json:
    """Return references to the headers of all responses, and to these."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*_EVERYWHERE, *names)}


def _successes(operation: Operation, schemas: Schemas) -> Iterator[tuple[str, Json]]:
    for status, model in operation.success.items():
        described: Json = {
            "description": HTTPStatus(status).phrase,
            "headers": headers(*_success_headers(operation, status)),
        }
        if model is not None:
            described["content"] = schemas.response(model, operation.success_message)
        yield str(status), described


def _success_headers(operation: Operation, status: int) -> Iterator[str]:
    writes = operation.method != "GET"
    # Responses to writes and to conditional reads; a list has no version.
    if status != HTTPStatus.NO_CONTENT and (writes or HTTPStatus.NOT_MODIFIED in operation.success):
        yield "ETag"
    if operation.success_message is not None:
        yield "Vary"
    if status == HTTPStatus.CREATED:
        yield "Location"
    model = operation.success[status]
    shows_machines = model is not None and issubclass(model, PoolView) and "machines" in model.model_fields
    if shows_machines or (operation.query is not None and "skip" in operation.query.model_fields):
        yield "Link"
    if writes:
        yield "Idempotent-Replayed"


def _problems(operation: Operation, schemas: Schemas) -> Iterator[tuple[str, Json]]:
    problems: dict[HTTPStatus, list[tuple[str, type[Problem]]]] = defaultdict(list)
    invalid = HTTPStatus.BAD_REQUEST if operation.family is Family.MACHINES else _LIST_OF_FAULTS
    problems[invalid].append(("Validation Error", InvalidRequestProblem))
    for error in _errors(operation):
        status, _, title = PROBLEM_TYPES[error]
        problems[status].append((title, PROBLEMS.get(error, Problem)))
    problems[HTTPStatus.INTERNAL_SERVER_ERROR].append(("Internal Error", Problem))
    for status, described in problems.items():
        if operation.family is Family.POOLS and status is _LIST_OF_FAULTS:
            content = schemas.response(HTTPValidationError, None)
        else:
            content = schemas.problem([model for _, model in described])
        yield (
            str(status.value),
            {
                "description": ", or ".join(title for title, _ in described),
                "headers": headers(*_OF_STATUS.get(status, ())),
                "content": content,
            },
        )


def _errors(operation: Operation) -> Iterator[type[errors.InventoryError]]:
    yield from _COMMON_ERRORS
    if operation.method != "GET":
        yield from (errors.BodyTooLarge, errors.BodyTooSlow, errors.IdempotencyKeyReused)
        # Operations without a body also check what the client sends.
        yield from (errors.MalformedBody, errors.UnsupportedMediaType, errors.UnsupportedContentCoding)
    yield from operation.errors
