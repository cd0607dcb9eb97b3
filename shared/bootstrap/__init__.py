"""The composition root, which builds every adapter and passes its collaborators as arguments.

Adapters connect only at the first request, when they make their channels.
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
    """The adapters and settings that a function uses."""

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
    """Return the current time, with its time zone."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return a new UUIDv7 (RFC 9562)."""
    return str(uuid7())


def random_id() -> str:
    """Return a new random id, for a request or a change.

    It is not a UUIDv7. If many are made in one millisecond, their time runs ahead of the clock, but a
    machine's UUIDv7 is its time of registration.
    """
    return token_hex(16)


def inventory(environment: Mapping[str, str] = os.environ) -> Inventory:
    """Build the adapters according to the environment.

    Args:
        environment: `GOOGLE_CLOUD_PROJECT`; `FIRESTORE_DATABASE` if it is not `(default)`; and optionally
            `ERRORS_BASE_URL`, the base of problem types.
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
