"""The composition root: every adapter is built here, and each has its collaborators as arguments.

Nothing is connected until the first request: clients make their channels then.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

from uuid6 import uuid7

from shared.events.publisher import Publisher
from shared.store.changes import Changes
from shared.store.effects import Effects
from shared.store.firestore import Firestore
from shared.store.outbox import Outbox


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What a function works with."""

    project: str
    errors_base_url: str
    firestore: Firestore
    changes: Changes
    effects: Effects
    outbox: Outbox
    publisher: Publisher
    clock: Callable[[], datetime]
    new_id: Callable[[], str]


def now() -> datetime:
    """Tell the time, with its zone."""
    return datetime.now(UTC)


def new_id() -> str:
    """Make a UUIDv7 (RFC 9562)."""
    return str(uuid7())


def random_id() -> str:
    """Make an id that says nothing: of a request or a change.

    Not a UUIDv7: where many are made in a millisecond, their time runs ahead, and that of a machine is when
    it was registered.
    """
    return token_hex(16)


def inventory(environment: Mapping[str, str] = os.environ) -> Inventory:
    """Wire the inventory up as the environment says.

    Args:
        environment: `GOOGLE_CLOUD_PROJECT`; `FIRESTORE_DATABASE` where it is not `(default)`, and
            `ERRORS_BASE_URL`, where the types of problems are to be found.
    """
    project = environment["GOOGLE_CLOUD_PROJECT"]
    firestore = Firestore(project, environment.get("FIRESTORE_DATABASE", "(default)"))
    publisher, outbox = Publisher(project), Outbox(firestore)
    return Inventory(
        project=project,
        errors_base_url=environment.get("ERRORS_BASE_URL", "https://api.example.com/errors"),
        firestore=firestore,
        changes=Changes(firestore, publish=publisher.publish, outbox=outbox, clock=now, new_id=random_id),
        effects=Effects(firestore, now),
        outbox=outbox,
        publisher=publisher,
        clock=now,
        new_id=new_id,
    )
