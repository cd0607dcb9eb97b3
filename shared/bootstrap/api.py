"""The application of functions that clients call."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from starlette.routing import Route

from shared.bootstrap import Inventory
from shared.bootstrap.application import application
from shared.edge.app import Application
from shared.edge.auth import Authenticator
from shared.edge.files import file_routes
from shared.edge.problems import Problems
from shared.edge.resource import Operation, api_routes
from shared.store.api_keys import find_api_key


def http_app(
    inventory: Inventory,
    operations: Sequence[Operation],
    *,
    files: Mapping[str, Path] = MappingProxyType({}),
) -> Application:
    """Build the application of a function that clients call.

    Args:
        inventory: the adapters, which also look up API keys.
        operations: the operations that the function serves.
        files: files that anybody can read without an API key, by URL path.
    """
    authenticator = Authenticator(partial(find_api_key, inventory.firestore), inventory.clock)

    def routes(problems: Problems) -> list[Route]:
        served = api_routes(operations, authenticator=authenticator, problems=problems)
        return [*served, *file_routes(files)]

    return application(inventory, routes)
