"""The `machines` function: what clients say to and ask of machines."""

from functools import partial

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from functions.machines.registration import register
from shared.bootstrap import http_app, inventory
from shared.domain.access import Scope
from shared.edge.problems import Family
from shared.edge.resource import Operation

_inventory = inventory()
_app = http_app(
    _inventory,
    [
        Operation(
            method="POST",
            path="/api/v1/machines",
            scope=Scope.MACHINES_WRITE,
            family=Family.MACHINES,
            answer=partial(register, _inventory),
        ),
    ],
)


@functions_framework.aio.http
async def machines(_: Request) -> Response:
    """Serve a request."""
    return _app
