"""The common parts of all functions' applications."""

import gc
import os
from collections.abc import Callable, Sequence

from starlette.routing import Route

from shared.bootstrap import Inventory, random_id
from shared.domain.deadline import Deadline
from shared.edge.app import Application, create_app
from shared.edge.problems import Problems

HEALTH_SECONDS = 2.0
# New objects until a garbage collection; the default is 700, and 2,000 since Python 3.13.
GARBAGE_THRESHOLD = 10_000


def application(inventory: Inventory, routes: Callable[[Problems], Sequence[Route]]) -> Application:
    """Build the application of a function from its routes, with health checks, errors and logs.

    Args:
        inventory: the adapters; the startup check tests their store.
        routes: makes the routes with the given `Problems`.
    """
    _let_instances_sleep()
    _collect_garbage_rarely()
    problems = Problems(inventory.errors_base_url)

    async def reach_store() -> None:
        # Not `get`, which cannot distinguish a missing database from a missing document.
        await inventory.firestore.get_all(["api_keys/startup"], Deadline(HEALTH_SECONDS))

    return create_app(
        routes(problems),
        problems=problems,
        reach_store=reach_store,
        new_id=random_id,
        project=inventory.project,
    )


def _let_instances_sleep() -> None:
    """Prevent gunicorn from killing a worker that was silent because its instance had no CPU.

    Cloud Run sets this variable, and functions-framework makes it gunicorn's timeout after it has loaded the
    function. Between requests, an instance has no CPU. The next request would wait for a new worker, or be
    lost with the old one: https://github.com/GoogleCloudPlatform/python-docs-samples/pull/3229
    """
    os.environ.pop("CLOUD_RUN_TIMEOUT_SECONDS", None)


def _collect_garbage_rarely() -> None:
    """Let the garbage collector look for reference cycles rarely, because requests leave none.

    It took 7 % of the CPU time of registrations. Every few thousand requests it looked through all objects,
    and all other requests waited for a tenth of a second.
    """
    gc.set_threshold(GARBAGE_THRESHOLD)
