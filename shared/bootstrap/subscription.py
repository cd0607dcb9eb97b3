"""The application of functions that receive events from a push subscription."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from google.protobuf.message import Message
from starlette.requests import Request

from shared.bootstrap import Inventory
from shared.bootstrap.application import application
from shared.edge.app import Application
from shared.edge.internal import internal_routes
from shared.edge.request_log import record_of
from shared.events.push import PushedEvent, decode

M = TypeVar("M", bound=Message)


def subscriber_app(
    inventory: Inventory,
    message_type: type[M],
    handle: Callable[[PushedEvent[M]], Awaitable[None]],
) -> Application:
    """Build the application of a function that receives events from a push subscription.

    If `handle` raises an error, or the event cannot be decoded, the response is an error. Pub/Sub then
    delivers the event again, with growing delays. After the subscription's last attempt, it moves the event
    to the dead-letter topic.

    Args:
        inventory: the adapters of the subscriber.
        message_type: the message of the subscription's topic.
        handle: processes one event.
    """

    async def receive(request: Request) -> None:
        event = decode(await request.body(), message_type)
        record = record_of(request.scope)
        record.organization_id, record.event_id = event.organization_id, event.id
        await handle(event)

    return application(inventory, partial(internal_routes, receive))
