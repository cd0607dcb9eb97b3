"""The application of functions that a schedule calls."""

from collections.abc import Awaitable, Callable
from functools import partial

from shared.bootstrap import Inventory
from shared.bootstrap.application import application
from shared.edge.app import Application
from shared.edge.internal import internal_routes


def scheduled_app(inventory: Inventory, run: Callable[[], Awaitable[None]]) -> Application:
    """Build the application of a function that a schedule calls.

    Args:
        inventory: the adapters; the startup check tests their store.
        run: runs at each call. If it raises an error, the call fails, and Cloud Scheduler reports that.
    """
    return application(inventory, partial(internal_routes, lambda _: run()))
