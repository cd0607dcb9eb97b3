"""The `pool_cleanup` function, which removes deleted pools' ids from machines."""

from functools import partial

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from functions.pool_cleanup.cleanup import clean_up
from shared.bootstrap import inventory
from shared.bootstrap.subscription import subscriber_app
from shared.pb.inventory.v1.events_pb2 import PoolChanged

_inventory = inventory()
_app = subscriber_app(_inventory, PoolChanged, partial(clean_up, _inventory))


@functions_framework.aio.http
async def pool_cleanup(_: Request) -> Response:
    """Process a pushed event."""
    return _app
