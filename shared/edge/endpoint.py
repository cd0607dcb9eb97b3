"""A path of a function, which turns every error into a response."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.edge.problems import Family, Problems
from shared.edge.request_log import RequestRecord, record_of


def error_response(error: Exception, problems: Problems, record: RequestRecord, family: Family) -> Response:
    """Return the response to an error; the log entry includes server errors (5xx)."""
    response = problems.response(error, instance=record.path, family=family, request_id=record.request_id)
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        record.error = error
    return response


class Endpoint:
    """One path as an ASGI application that turns every error into a response of its family."""

    family: Family

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request (ASGI)."""
        request = Request(scope, receive)
        record = record_of(scope)
        try:
            response = await self.respond(request)
        except Exception as error:  # noqa: BLE001 - every error gets a response
            response = error_response(error, self._problems, record, self.family)
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Return the response to a request, or raise an error."""
        raise NotImplementedError
