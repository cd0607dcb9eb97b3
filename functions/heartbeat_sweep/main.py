"""The `heartbeat_sweep` function, which finds silent machines and disconnects them."""

from functools import partial

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from functions.heartbeat_sweep.sweep import sweep
from shared.bootstrap import inventory, seconds
from shared.bootstrap.schedule import scheduled_app

_inventory = inventory()
_disconnect_after = seconds("DISCONNECT_AFTER_SECONDS")
_app = scheduled_app(_inventory, partial(sweep, _inventory, _disconnect_after))


@functions_framework.aio.http
async def heartbeat_sweep(_: Request) -> Response:
    """Disconnect silent machines."""
    return _app
