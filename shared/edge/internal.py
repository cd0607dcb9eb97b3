"""Functions that no client calls: Cloud Scheduler and Pub/Sub do, each with a service account of its own.

Cloud Run has checked by then that the caller's OIDC token is of one that may invoke it (roles/run.invoker):
https://cloud.google.com/run/docs/authenticating/service-to-service
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
    """The one path of such a function: what is posted to it is done, and answered with nothing."""

    path = "/"
    family = Family.MACHINES

    def __init__(self, use_case: UseCase, problems: Problems) -> None:
        super().__init__(problems)
        self._use_case = use_case

    async def answer(self, request: Request) -> Response:
        """Run the use case; the log tells why it fails, as nobody else reads the answer."""
        try:
            await self._run(request)
        except Exception as error:
            record_of(request.scope).error = error
            raise
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _run(self, request: Request) -> None:
        if request.method != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        await self._use_case(request)


def internal_routes(use_case: UseCase, problems: Problems) -> list[Route]:
    """Route what Google Cloud calls: a scheduler or a push subscription posts to the root."""
    return [ExactRoute("/", InternalResource(use_case, problems))]
