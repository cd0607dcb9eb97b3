"""Functions that no client calls: Cloud Scheduler and Pub/Sub do, each with a service account of its own.

Cloud Run has checked by then that the caller's OIDC token is of one that may invoke it (roles/run.invoker):
https://cloud.google.com/run/docs/authenticating/service-to-service
"""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.edge.endpoint import Endpoint
from shared.edge.problems import Family, Problems
from shared.edge.request_log import record_of
from shared.edge.routing import ExactRoute

Answer = Callable[[Request], Awaitable[Response]]


class InternalResource(Endpoint):
    """The one path of such a function, which takes POST alone."""

    path = "/"
    family = Family.MACHINES

    def __init__(self, answer: Answer, problems: Problems) -> None:
        super().__init__(problems)
        self._use_case = answer

    async def answer(self, request: Request) -> Response:
        """Let the use case answer; the log tells why it refuses, as nobody else reads its answer."""
        try:
            return await self._answer(request)
        except Exception as error:
            record_of(request.scope).error = error
            raise

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        return await self._use_case(request)


def internal_routes(answer: Answer, problems: Problems) -> list[Route]:
    """Route what Google Cloud calls: a scheduler or a push subscription posts to the root."""
    return [ExactRoute("/", InternalResource(answer, problems))]
