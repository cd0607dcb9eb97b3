"""Functions that a schedule calls."""

from collections.abc import Awaitable, Callable
from functools import partial

from shared.bootstrap import Inventory
from shared.bootstrap.application import application
from shared.edge.app import Application
from shared.edge.internal import internal_routes


def scheduled_app(inventory: Inventory, run: Callable[[], Awaitable[None]]) -> Application:
    """Build a function that a schedule calls.

    Args:
        inventory: whose store health tells of.
        run: what is done at each call; what it raises makes the call fail, which Cloud Scheduler reports.
    """
    return application(inventory, partial(internal_routes, lambda _: run()))
