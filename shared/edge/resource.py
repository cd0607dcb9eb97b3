"""From a request to the one operation that answers it, with the caller known."""

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
from shared.domain.answer import Answer
from shared.domain.deadline import REQUEST_SECONDS, Deadline
from shared.domain.errors import InventoryError
from shared.edge import body
from shared.edge.auth import Authenticator
from shared.edge.endpoint import Endpoint
from shared.edge.problems import Family, Problems
from shared.edge.query import read_query
from shared.edge.request_log import record_of
from shared.edge.routing import ExactRoute
from shared.edge.validation import Model, Strict, validate


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to an operation, authenticated.

    Attributes:
        request: the request, its body read.
        body: the body; a request that only reads has none.
        caller: who calls.
        deadline: until when the store and the topics are asked; how long the body took does not count.
    """

    request: Request
    body: bytes
    caller: Caller
    deadline: Deadline

    def body_as(self, model: type[Model]) -> Model:
        """Read the body, which is JSON, as a model.

        Raises:
            Invalid: with all its faults.
            MalformedBody: it is no JSON.
            UnsupportedMediaType: it is declared to be something else.
            UnsupportedContentCoding: it is declared to be coded.
        """
        document, faults = body.parse(self.request, self.body)
        return validate(model, document, known=faults)

    def require_no_body(self) -> None:
        """Refuse a body, as `body_as` does, but for `{}`: another path may have been meant."""
        if self.body:
            self.body_as(Strict)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A method of a path: the use case that answers it, and what the OpenAPI document says of it.

    Attributes:
        name: unique among all functions; what generated clients call it.
        summary: one line for people.
        method: the HTTP method; a GET answers HEAD too.
        path: with `{parameters}`.
        scope: what the caller's key must allow.
        family: how validation errors are told.
        answer: the use case.
        query: the model of its query parameters.
        body: the model of its request body.
        success: the model of each success status's body, or none.
        body_message: the protobuf message that its request body may be instead of JSON.
        success_message: the protobuf message that its answer may be instead of JSON.
        refusals: the errors beside those that every operation may answer.
    """

    name: str
    summary: str
    method: str
    path: str
    scope: Scope
    family: Family
    answer: Callable[[Call], Awaitable[Answer]]
    success: Mapping[int, type[BaseModel] | None]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    body_message: type[Message] | None = None
    success_message: type[Message] | None = None
    refusals: Sequence[type[InventoryError]] = ()


class Resource(Endpoint):
    """The operations of one path."""

    def __init__(
        self, operations: Sequence[Operation], *, authenticator: Authenticator, problems: Problems
    ) -> None:
        super().__init__(problems)
        self.path = operations[0].path
        self.family = operations[0].family
        self._operations = {operation.method: operation for operation in operations}
        if "GET" in self._operations:
            self._operations["HEAD"] = self._operations["GET"]  # RFC 9110, 9.3.2
        self._authenticator = authenticator

    async def answer(self, request: Request) -> Response:
        """Let the operation of the request's method answer its caller."""
        operation = self._operations.get(request.method)
        if operation is None:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(self._operations))})
        caller = await self._authenticator.authenticate(request.headers.getlist("authorization"))
        record_of(request.scope).organization_id = caller.organization_id
        caller.require(operation.scope)
        if operation.query is None and request.scope["query_string"]:
            read_query(request, Strict)  # no parameter is known
        raw = b"" if operation.method == "GET" else await body.read(request)
        deadline = Deadline(REQUEST_SECONDS)
        call = Call(request=request, body=raw, caller=caller, deadline=deadline)
        answer = await operation.answer(call)
        # Sorted, as they are in the record of an answer, which is given again byte for byte.
        return Response(answer.body, answer.status, dict(sorted(answer.headers.items())))


def api_routes(
    operations: Sequence[Operation], *, authenticator: Authenticator, problems: Problems
) -> list[Route]:
    """Route the operations that clients may call with their API keys; those of one path stand together."""
    return [
        ExactRoute(path, Resource(list(group), authenticator=authenticator, problems=problems))
        for path, group in groupby(operations, key=lambda operation: operation.path)
    ]
