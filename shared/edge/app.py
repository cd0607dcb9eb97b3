"""A function's HTTP application: its operations, health checks, and errors for all other requests."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import logs
from shared.edge.endpoint import error_response
from shared.edge.problems import Family, Problems
from shared.edge.request_log import RequestLog, record_of
from shared.edge.routing import ExactRoute, take_every_request
from shared.edge.upgrades import close_after_upgrades

_NO_STORE = {"Cache-Control": "no-cache, no-store, must-revalidate"}


class Application(Response):
    """An ASGI application as a response.

    functions-framework calls a function's response as ASGI, with the request's scope. So the response can be
    a whole application with routes and middleware.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request (ASGI)."""
        await self._app(scope, receive, send)


def create_app(
    routes: Sequence[Route],
    *,
    problems: Problems,
    reach_store: Callable[[], Awaitable[None]],
    new_id: Callable[[], str],
    project: str,
) -> Application:
    """Build the application of one function.

    Args:
        routes: the routes that it serves, in addition to health checks.
        problems: turns errors into responses.
        reach_store: raises if the function cannot reach its store; the startup check reports it.
        new_id: makes request ids.
        project: the Google Cloud project, which is part of trace names.
    """
    logs.configure()
    take_every_request()
    close_after_upgrades()

    async def liveness(_: Request) -> Response:
        return Response(headers=_NO_STORE)

    async def startup(request: Request) -> Response:
        try:
            await reach_store()
        except Exception as error:  # noqa: BLE001 - any failure, such as missing permissions or credentials
            record_of(request.scope).error = error
            headers = {**_NO_STORE, "Retry-After": "1"}
            return Response(headers=headers, status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        return Response(headers=_NO_STORE)

    health = [ExactRoute("/health/liveness", liveness), ExactRoute("/health/startup", startup)]
    router = Router([*routes, *health], redirect_slashes=False)

    # Not a Starlette application, because functions-framework already wraps this in one with its middleware.
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope["starlette.exception_handlers"] = ({}, {})  # instead of the framework's, which make no problems
        try:
            await router(scope, receive, send)
        except Exception as error:  # what no endpoint handled, such as an unknown path
            record = record_of(scope)
            if record.status:  # a response has started already
                record.error = error
                raise
            await error_response(error, problems, record, Family.MACHINES)(scope, receive, send)

    return Application(RequestLog(serve, new_id=new_id, project=project))
