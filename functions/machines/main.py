"""The `machines` function, which serves the operations on machines."""

from pathlib import Path

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from functions.machines.operations import operations
from shared.bootstrap import inventory
from shared.bootstrap.api import http_app

_inventory = inventory()
_openapi = Path(__file__).parent / "openapi"
_app = http_app(
    _inventory,
    operations(_inventory),
    files={"/openapi.json": _openapi / "openapi.json", "/docs": _openapi / "docs.html"},
)


@functions_framework.aio.http
async def machines(_: Request) -> Response:
    """Serve a request."""
    return _app
