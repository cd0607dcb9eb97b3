"""What the applications of all functions have in common."""

from collections.abc import Mapping, Sequence

from starlette.routing import Route

from shared.bootstrap import Inventory, random_id
from shared.domain.deadline import Deadline
from shared.edge.app import Application, create_app
from shared.edge.problems import Problems

HEALTH_SECONDS = 2.0


def problems_of(environment: Mapping[str, str]) -> Problems:
    """Word errors as the environment says: `ERRORS_BASE_URL` where problem types are elsewhere."""
    return Problems(environment.get("ERRORS_BASE_URL", "https://api.example.com/errors"))


def application(
    inventory: Inventory, routes: Sequence[Route], problems: Problems, environment: Mapping[str, str]
) -> Application:
    """Build the application around a function's routes: health, errors and logs are the same in each."""

    async def reach_store() -> None:
        await inventory.firestore.get(["api_keys/startup"], Deadline(HEALTH_SECONDS))

    return create_app(
        routes,
        problems=problems,
        reach_store=reach_store,
        new_id=random_id,
        project=environment["GOOGLE_CLOUD_PROJECT"],
    )
