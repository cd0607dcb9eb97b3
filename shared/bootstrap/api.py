"""Functions that clients call."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from shared.bootstrap import Inventory
from shared.bootstrap.application import application, problems_of
from shared.edge.app import Application
from shared.edge.auth import Authenticator
from shared.edge.documents import document_routes
from shared.edge.resource import Operation, api_routes
from shared.store.api_keys import find_api_key


def http_app(
    inventory: Inventory,
    operations: Sequence[Operation],
    *,
    documents: Mapping[str, Path] = MappingProxyType({}),
    environment: Mapping[str, str] = os.environ,
) -> Application:
    """Build a function that clients call.

    Args:
        inventory: where callers' keys are looked up.
        operations: what the function serves.
        documents: files that anybody may read, by their paths.
        environment: `GOOGLE_CLOUD_PROJECT`, and `ERRORS_BASE_URL` where problem types are elsewhere.
    """
    problems = problems_of(environment)
    authenticator = Authenticator(partial(find_api_key, inventory.firestore), inventory.clock)
    routes = api_routes(operations, authenticator=authenticator, problems=problems)
    return application(inventory, [*routes, *document_routes(documents)], problems, environment)
