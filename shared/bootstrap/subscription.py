"""Functions that a push subscription delivers events to."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from google.protobuf.message import Message
from starlette.requests import Request

from shared.bootstrap import Inventory
from shared.bootstrap.application import application
from shared.edge.app import Application
from shared.edge.internal import internal_routes
from shared.events.push import PushedEvent, decode

M = TypeVar("M", bound=Message)


def subscriber_app(
    inventory: Inventory,
    message_type: type[M],
    handle: Callable[[PushedEvent[M]], Awaitable[None]],
) -> Application:
    """Build a function that a push subscription delivers events to.

    What `handle` raises, or an event that cannot be decoded, answers the push with an error. Pub/Sub then
    delivers it again, with pauses, and after the subscription's last attempt to its dead-letter topic.

    Args:
        inventory: what the subscriber works with.
        message_type: the message of the subscription's topic.
        handle: processes one event.
    """

    async def receive(request: Request) -> None:
        await handle(decode(await request.body(), message_type))

    return application(inventory, partial(internal_routes, receive))
