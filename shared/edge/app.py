"""A function's HTTP application: its operations, health, and an answer to everything else."""

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
from shared.edge.routing import ExactRoute, take_every_path

_NO_STORE = {"Cache-Control": "no-cache, no-store, must-revalidate"}


class Application(Response):
    """An ASGI application as a response.

    functions-framework calls what a function returns as ASGI, with the request's scope; so a whole
    application, with its routes and middleware, is as good an answer as any.
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
        routes: what it serves, besides health.
        problems: words errors.
        reach_store: raises unless the function can reach its store; health tells it.
        new_id: makes request ids.
        project: the Google Cloud project, which traces are named by.
    """
    logs.configure()
    take_every_path()

    async def liveness(_: Request) -> Response:
        return Response(headers=_NO_STORE)

    async def startup(request: Request) -> Response:
        try:
            await reach_store()
        except Exception as error:  # noqa: BLE001 - whatever it is: no permission and no credentials, too
            record_of(request.scope).error = error
            headers = {**_NO_STORE, "Retry-After": "1"}
            return Response(headers=headers, status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        return Response(headers=_NO_STORE)

    health = [ExactRoute("/health/liveness", liveness), ExactRoute("/health/startup", startup)]
    router = Router([*routes, *health], redirect_slashes=False)

    # Not a Starlette application: functions-framework is one, with the middleware of one, around this.
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        scope["starlette.exception_handlers"] = ({}, {})  # its own, which know no problems
        try:
            await router(scope, receive, send)
        except Exception as error:  # what no endpoint has answered, such as a path that there is not
            record = record_of(scope)
            if record.status:  # an answer is on its way already
                record.error = error
                raise
            await error_response(error, problems, record, Family.MACHINES)(scope, receive, send)

    return Application(RequestLog(answer, new_id=new_id, project=project))
