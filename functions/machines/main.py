"""The `machines` function: what clients say to and ask of machines."""

from functools import partial

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from functions.machines.lookup import get
from functions.machines.registration import register
from functions.machines.replacement import replace
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
        Operation(
            method="GET",
            path="/api/v1/machines/{machine_id}",
            scope=Scope.MACHINES_READ,
            family=Family.MACHINES,
            answer=partial(get, _inventory),
        ),
        Operation(
            method="PUT",
            path="/api/v1/machines/{machine_id}",
            scope=Scope.MACHINES_WRITE,
            family=Family.MACHINES,
            answer=partial(replace, _inventory),
        ),
    ],
)


@functions_framework.aio.http
async def machines(_: Request) -> Response:
    """Serve a request."""
    return _app
