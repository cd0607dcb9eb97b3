"""Functions that a schedule calls."""

import os
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from shared.bootstrap import Inventory
from shared.bootstrap.application import application, problems_of
from shared.edge.app import Application
from shared.edge.internal import internal_routes


def scheduled_app(
    inventory: Inventory, run: Callable[[], Awaitable[None]], environment: Mapping[str, str] = os.environ
) -> Application:
    """Build a function that a schedule calls.

    Args:
        inventory: whose store health tells of.
        run: what is done at each call; what it raises makes the call fail, which Cloud Scheduler reports.
        environment: `GOOGLE_CLOUD_PROJECT`, and `ERRORS_BASE_URL` where problem types are elsewhere.
    """

    async def answer(_: Request) -> Response:
        await run()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    problems = problems_of(environment)
    return application(inventory, internal_routes(answer, problems), problems, environment)
