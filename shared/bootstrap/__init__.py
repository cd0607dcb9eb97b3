"""The composition root, which builds every adapter and passes its collaborators as arguments.

Adapters connect only at the first request, when they make their channels.
"""

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import randbits, token_hex
from typing import NoReturn

from uuid6 import UUID

from shared import logs
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
    """Return a new UUIDv7, whose time is now, to a 4096th of a millisecond (RFC 9562, 6.2, method 3).

    uuid6's own is one millisecond later than its last one at the earliest. With more than a thousand requests
    a second, its time would run ahead of the clock, for all organizations.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    return str(UUID(int=milliseconds << 80 | (rest * 4096 // 1_000_000) << 64 | randbits(62), version=7))


def random_id() -> str:
    """Return a new random id, for a request or a change."""
    return token_hex(16)


def variable(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return an environment variable. If it is not set or empty, log that and end."""
    value = environment.get(name)
    if not value:
        _end(f"the environment variable {name} is not set")
    return value


def seconds(name: str, environment: Mapping[str, str] = os.environ) -> timedelta:
    """Return an environment variable with seconds. If it is no such number, log that and end."""
    value = variable(name, environment)
    if not re.fullmatch("[1-9][0-9]{0,8}", value):
        _end(
            f"the environment variable {name} is {value!r}, not a whole number of seconds from 1 to 999999999"
        )
    return timedelta(seconds=int(value))


def _end(reason: str) -> NoReturn:
    logs.log(logging.CRITICAL, f"the function cannot start: {reason}", {})
    sys.exit(1)


def inventory(environment: Mapping[str, str] = os.environ) -> Inventory:
    """Build the adapters according to the environment.

    Args:
        environment: `GOOGLE_CLOUD_PROJECT`; `FIRESTORE_DATABASE` if it is not `(default)`; and optionally
            `ERRORS_BASE_URL`, the base of problem types.
    """
    project = variable("GOOGLE_CLOUD_PROJECT", environment)
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
