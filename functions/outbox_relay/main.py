"""The `outbox_relay` function, which publishes events that a crash or an outage left in the outbox."""

from functools import partial

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from functions.outbox_relay.relay import relay
from shared.bootstrap import inventory
from shared.bootstrap.schedule import scheduled_app

_inventory = inventory()
_app = scheduled_app(_inventory, partial(relay, _inventory))


@functions_framework.aio.http
async def outbox_relay(_: Request) -> Response:
    """Publish waiting events."""
    return _app
