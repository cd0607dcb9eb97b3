"""What the applications of all functions have in common."""

from collections.abc import Callable, Sequence

from starlette.routing import Route

from shared.bootstrap import Inventory, random_id
from shared.domain.deadline import Deadline
from shared.edge.app import Application, create_app
from shared.edge.problems import Problems

HEALTH_SECONDS = 2.0


def application(inventory: Inventory, routes: Callable[[Problems], Sequence[Route]]) -> Application:
    """Build the application around a function's routes: health, errors and logs are the same in each.

    Args:
        inventory: what the function works with; health tells of its store.
        routes: makes the routes, given what words their errors.
    """
    problems = Problems(inventory.errors_base_url)

    async def reach_store() -> None:
        # Not `get`: a database that is not there would be a document that is not there.
        await inventory.firestore.get_all(["api_keys/startup"], Deadline(HEALTH_SECONDS))

    return create_app(
        routes(problems),
        problems=problems,
        reach_store=reach_store,
        new_id=random_id,
        project=inventory.project,
    )
