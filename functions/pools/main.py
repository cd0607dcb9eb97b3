"""The `pools` function, which serves the operations on pools and memberships."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from functions.pools.operations import operations
from shared.bootstrap import inventory
from shared.bootstrap.api import http_app

_inventory = inventory()
_app = http_app(_inventory, operations(_inventory))


@functions_framework.aio.http
async def pools(_: Request) -> Response:
    """Serve a request."""
    return _app
