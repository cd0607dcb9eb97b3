"""The composition root: every adapter is built here, and each has its collaborators as arguments.

Nothing is connected until the first request: clients make their channels then.
"""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType
from typing import TypeVar

from google.protobuf.message import Message
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uuid6 import uuid7

from shared.domain.deadline import Deadline
from shared.edge.app import Application, api_routes, create_app, document_routes, internal_routes
from shared.edge.auth import Authenticator
from shared.edge.problems import Problems
from shared.edge.resource import Operation
from shared.events.publisher import Publisher
from shared.events.push import PushedEvent, decode
from shared.store.api_keys import find_api_key
from shared.store.changes import Changes
from shared.store.effects import Effects
from shared.store.firestore import Firestore
from shared.store.outbox import Outbox

HEALTH_SECONDS = 2.0

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What the use cases work with."""

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
        environment: `GOOGLE_CLOUD_PROJECT`, and `FIRESTORE_DATABASE` where it is not `(default)`.
    """
    project = environment["GOOGLE_CLOUD_PROJECT"]
    firestore = Firestore(project, environment.get("FIRESTORE_DATABASE", "(default)"))
    publisher, outbox = Publisher(project), Outbox(firestore)
    return Inventory(
        firestore=firestore,
        changes=Changes(firestore, publish=publisher.publish, outbox=outbox, clock=now, new_id=random_id),
        effects=Effects(firestore, now),
        outbox=outbox,
        publisher=publisher,
        clock=now,
        new_id=new_id,
    )


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
    problems = _problems(environment)
    authenticator = Authenticator(partial(find_api_key, inventory.firestore), inventory.clock)
    routes = api_routes(operations, authenticator=authenticator, problems=problems)
    return _app(inventory, [*routes, *document_routes(documents)], problems, environment)


def scheduled_app(
    inventory: Inventory, run: Callable[[], Awaitable[None]], environment: Mapping[str, str] = os.environ
) -> Application:
    """Build a function that a schedule calls.

    Args:
        inventory: whose store health tells of.
        run: what is done at each call; what it raises makes the call fail, which Cloud Scheduler reports.
        environment: as for `http_app`.
    """

    async def answer(_: Request) -> Response:
        await run()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    problems = _problems(environment)
    return _app(inventory, internal_routes(answer, problems), problems, environment)


def subscriber_app(
    inventory: Inventory,
    message_type: type[M],
    handle: Callable[[PushedEvent[M]], Awaitable[None]],
    environment: Mapping[str, str] = os.environ,
) -> Application:
    """Build a function that a push subscription delivers events to.

    What `handle` raises, or an event that cannot be decoded, answers the push with an error. Pub/Sub then
    delivers it again, with pauses, and after the subscription's last attempt to its dead-letter topic.

    Args:
        inventory: what the subscriber works with.
        message_type: the message of the subscription's topic.
        handle: processes one event.
        environment: as for `http_app`.
    """

    async def answer(request: Request) -> Response:
        await handle(decode(await request.body(), message_type))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    problems = _problems(environment)
    return _app(inventory, internal_routes(answer, problems), problems, environment)


def _problems(environment: Mapping[str, str]) -> Problems:
    return Problems(environment.get("ERRORS_BASE_URL", "https://api.example.com/errors"))


def _app(
    inventory: Inventory, routes: Sequence[Route], problems: Problems, environment: Mapping[str, str]
) -> Application:
    async def reach_store() -> None:
        await inventory.firestore.get(["api_keys/startup"], Deadline(HEALTH_SECONDS))

    return create_app(
        routes,
        problems=problems,
        reach_store=reach_store,
        new_id=random_id,
        project=environment["GOOGLE_CLOUD_PROJECT"],
    )
