"""Dispatch of requests to operations, after authentication of the caller."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from google.protobuf.message import Message
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.domain.access import Caller, Scope
from shared.domain.deadline import REQUEST_SECONDS, Deadline
from shared.domain.errors import InventoryError
from shared.domain.http_response import HttpResponse
from shared.edge import body
from shared.edge.auth import Authenticator
from shared.edge.endpoint import Endpoint
from shared.edge.problems import Family, Problems
from shared.edge.query import read_query
from shared.edge.request_log import record_of
from shared.edge.routing import ExactRoute
from shared.edge.turns import SMALL_BODY, Turns
from shared.edge.validation import Model, Strict, validate

# Cloud Run turns a larger response into a 500, unless it has no `Content-Length` and so is sent in chunks:
# https://cloud.google.com/run/quotas
MAX_DECLARED_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Call:
    """One authenticated request to an operation.

    Attributes:
        request: the request, whose body has been read.
        body: the body; empty in a GET.
        caller: the authenticated caller.
        deadline: limits the calls to the store; the time to receive the body does not count.
        turns: the function's turns of large requests; one with a large body has its turn already.
    """

    request: Request
    body: bytes
    caller: Caller
    deadline: Deadline
    turns: Turns

    def body_as(self, model: type[Model]) -> Model:
        """Return the JSON body as a model.

        Raises:
            Invalid: the body has faults; the error lists all of them.
            MalformedBody: the body is not JSON.
            UnsupportedMediaType: its media type is not JSON.
            UnsupportedContentCoding: it has a content coding.
        """
        document, faults = body.parse(self.request, self.body)
        return validate(model, document, known=faults)

    def require_no_body(self) -> None:
        """Reject any body but `{}`, as `body_as` does, because the client may have meant another path."""
        if self.body:
            self.body_as(Strict)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A method of a path: the use case that handles it, and its description in the OpenAPI document.

    Attributes:
        name: unique among all functions; generated clients use it.
        summary: one line for people.
        method: the HTTP method; a GET operation handles HEAD too.
        path: the path, with `{parameters}`.
        scope: the scope that the caller's key must have.
        family: determines the format of validation errors.
        handler: the use case.
        query: the model of the query parameters.
        body: the model of the request body.
        success: the success statuses, each with the model of its body, or None.
        body_message: the protobuf message that the request body can be instead of JSON.
        success_message: the protobuf message that the response can be instead of JSON.
        errors: the errors in addition to those of every operation.
    """

    name: str
    summary: str
    method: str
    path: str
    scope: Scope
    family: Family
    handler: Callable[[Call], Awaitable[HttpResponse]]
    success: Mapping[int, type[BaseModel] | None]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    body_message: type[Message] | None = None
    success_message: type[Message] | None = None
    errors: Sequence[type[InventoryError]] = ()


class Resource(Endpoint):
    """The operations of one path."""

    def __init__(
        self,
        operations: Sequence[Operation],
        *,
        authenticator: Authenticator,
        problems: Problems,
        turns: Turns,
    ) -> None:
        super().__init__(problems)
        self.family = operations[0].family
        self._operations = {operation.method: operation for operation in operations}
        if "GET" in self._operations:
            self._operations["HEAD"] = self._operations["GET"]  # RFC 9110, 9.3.2
        self._authenticator = authenticator
        self._turns = turns

    async def respond(self, request: Request) -> Response:
        """Authenticate the caller and run the operation of the request's method."""
        operation = self._operations.get(request.method)
        if operation is None:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(self._operations))})
        caller = await self._authenticator.authenticate(request.headers.getlist("authorization"))
        record = record_of(request.scope)
        record.organization_id, record.key_id = caller.organization_id, caller.key_id
        caller.require(operation.scope)
        if operation.query is None and request.scope["query_string"]:
            read_query(request, Strict)  # rejects every parameter
        raw = b"" if operation.method == "GET" else await body.read(request)
        deadline = Deadline(REQUEST_SECONDS)
        call = Call(request=request, body=raw, caller=caller, deadline=deadline, turns=self._turns)
        async with self._turns.take(deadline, is_large=len(raw) > SMALL_BODY):
            response = await operation.handler(call)
        # Sorted as in the record of a response, because a replay must be equal byte for byte.
        result = Response(response.body, response.status, dict(sorted(response.headers.items())))
        if len(response.body) > MAX_DECLARED_BYTES:
            del result.headers["content-length"]
        return result


def api_routes(
    operations: Sequence[Operation], *, authenticator: Authenticator, problems: Problems
) -> list[Route]:
    """Return a route for each path; operations with the same path must be next to each other."""
    turns = Turns()
    return [
        ExactRoute(path, Resource(list(group), authenticator=authenticator, problems=problems, turns=turns))
        for path, group in groupby(operations, key=lambda operation: operation.path)
    ]
