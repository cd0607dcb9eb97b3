"""The composition root: every adapter is built here, and each has its collaborators as arguments.

Nothing is connected until the first request: clients make their channels then.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from uuid6 import uuid7

from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.edge.app import Application, create_app
from shared.edge.auth import Authenticator
from shared.edge.resource import Operation
from shared.events.publisher import Publisher
from shared.store.api_keys import find_api_key
from shared.store.changes import Changes
from shared.store.errors import StoreError
from shared.store.firestore import Firestore
from shared.store.outbox import Outbox

HEALTH_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What the use cases work with."""

    firestore: Firestore
    changes: Changes
    clock: Callable[[], datetime]
    new_id: Callable[[], str]


def now() -> datetime:
    """Tell the time, with its zone."""
    return datetime.now(UTC)


def new_id() -> str:
    """Make a UUIDv7 (RFC 9562)."""
    return str(uuid7())


def inventory(environment: Mapping[str, str] = os.environ) -> Inventory:
    """Wire the inventory up as the environment says.

    Args:
        environment: `GOOGLE_CLOUD_PROJECT`, and `FIRESTORE_DATABASE` where it is not `(default)`.
    """
    project = environment["GOOGLE_CLOUD_PROJECT"]
    firestore = Firestore(project, environment.get("FIRESTORE_DATABASE", "(default)"))
    changes = Changes(
        firestore, publish=Publisher(project).publish, outbox=Outbox(firestore), clock=now, new_id=new_id
    )
    return Inventory(firestore=firestore, changes=changes, clock=now, new_id=new_id)


def http_app(
    inventory: Inventory, operations: Sequence[Operation], environment: Mapping[str, str] = os.environ
) -> Application:
    """Build a function's application.

    Args:
        inventory: where callers' keys are looked up.
        operations: what the function serves.
        environment: `GOOGLE_CLOUD_PROJECT`, and `ERRORS_BASE_URL` where problem types are elsewhere.
    """

    async def store_answers() -> bool:
        try:
            await inventory.firestore.get(["api_keys/startup"], Deadline(HEALTH_SECONDS))
        except (StoreError, Unavailable):
            return False
        return True

    return create_app(
        operations,
        authenticator=Authenticator(partial(find_api_key, inventory.firestore), inventory.clock),
        store_answers=store_answers,
        new_id=inventory.new_id,
        errors_base_url=environment.get("ERRORS_BASE_URL", "https://api.example.com/errors"),
        project=environment["GOOGLE_CLOUD_PROJECT"],
    )
