"""Functions that a push subscription delivers events to."""

import os
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TypeVar

from google.protobuf.message import Message
from starlette.requests import Request
from starlette.responses import Response

from shared.bootstrap import Inventory
from shared.bootstrap.application import application, problems_of
from shared.edge.app import Application
from shared.edge.internal import internal_routes
from shared.events.push import PushedEvent, decode

M = TypeVar("M", bound=Message)


def subscriber_app(
    inventory: Inventory,
    message_type: type[M],
    handle: Callable[[PushedEvent[M]], Awaitable[None]],
    environment: Mapping[str, str] = os.environ,
) -> Application:
    """Build a function that a push subscription delivers events to.

    What `handle` raises, or an event that cannot be decoded, answers the push with an error. Pub/Sub then
    delivers it again, with pauses, and after the subscription's last attempt to its dead-letter topic.

    Args:
        inventory: what the subscriber works with.
        message_type: the message of the subscription's topic.
        handle: processes one event.
        environment: `GOOGLE_CLOUD_PROJECT`, and `ERRORS_BASE_URL` where problem types are elsewhere.
    """

    async def answer(request: Request) -> Response:
        await handle(decode(await request.body(), message_type))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    problems = problems_of(environment)
    return application(inventory, internal_routes(answer, problems), problems, environment)
