"""Functions that only Cloud Scheduler and Pub/Sub call, each with its own service account.

Before the call, Cloud Run checks the caller's OIDC token and that its account can invoke the function
(roles/run.invoker): https://cloud.google.com/run/docs/authenticating/service-to-service
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.edge.endpoint import Endpoint
from shared.edge.problems import Family, Problems
from shared.edge.request_log import record_of
from shared.edge.routing import ExactRoute

UseCase = Callable[[Request], Awaitable[None]]


class InternalResource(Endpoint):
    """The only path of such a function: a POST runs the use case, and its response is empty."""

    family = Family.MACHINES

    def __init__(self, use_case: UseCase, problems: Problems) -> None:
        super().__init__(problems)
        self._use_case = use_case

    async def respond(self, request: Request) -> Response:
        """Run the use case; the log has the error if it fails, because nobody reads the response."""
        try:
            await self._run(request)
        except Exception as error:
            record_of(request.scope).error = error
            raise
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _run(self, request: Request) -> None:
        if request.method != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        # In the local stack, nobody checks a token. Any page in a browser there can send a POST, but only
        # with its origin.
        if "origin" in request.headers:
            raise HTTPException(403)
        await self._use_case(request)


def internal_routes(use_case: UseCase, problems: Problems) -> list[Route]:
    """Return the route to which a schedule or a push subscription posts: the root."""
    return [ExactRoute("/", InternalResource(use_case, problems))]
