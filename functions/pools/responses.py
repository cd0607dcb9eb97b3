"""Responses about a pool: its own state, completed with its members.

A commit does not determine which machines are in a pool. So a recorded response contains only the pool's own
state, and the members are added each time. The first response has the members as of the commit, so all of it
is of one moment. A replay has the same state, byte for byte, and the members as of now.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from shared import logs
from shared.bootstrap import Inventory
from shared.domain import pages, pools
from shared.domain.deadline import Deadline
from shared.domain.http_response import HttpResponse
from shared.domain.plain import Plain
from shared.edge.conditions import etag
from shared.edge.pool_view import pool_state
from shared.edge.resource import Call
from shared.edge.responses import json_bytes, json_response
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store.change import Decision
from shared.store.errors import FAILURES
from shared.store.members import count_members, list_members
from shared.store.pools import pool_exists

# Starts after the commit, independent of the request's deadline.
COMPLETION_SECONDS = 2.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class Members:
    """A pool's members: how many they are, those that are shown, and headers with a link to the rest."""

    count: int
    machines: Sequence[Plain]
    headers: Mapping[str, str]


def pool_response(status: int, pool: Pool, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a response with a pool's own state, which `with_count` completes."""
    return json_response(status, pool_state(pool), {**(headers or {}), "ETag": etag(pool.version)})


def with_count(
    response: HttpResponse,
    machine_count: int | None,
    headers: Mapping[str, str] | None = None,
    **present: object,
) -> HttpResponse:
    """Add the number of the pool's members, and other members of the body, to a response.

    The bytes of the pool's state stay the same. The number is None if a change is committed but the members
    could not be counted.
    """
    added = json_bytes({"machine_count": machine_count, **present})
    return HttpResponse(
        status=response.status,
        headers={**response.headers, **(headers or {})},
        body=response.body.removesuffix(b"}") + b"," + added.removeprefix(b"{"),
    )


async def after_commit(read: Callable[[Deadline], Awaitable[Result]]) -> Result | None:
    """Read what completes the response to a committed change; return None if that fails.

    After an error, a client would assume that nothing has changed, and without an idempotency key, it would
    make its change again.
    """
    try:
        return await read(Deadline(COMPLETION_SECONDS))
    except Exception as error:  # noqa: BLE001 - the change is committed, so the response must be a success
        severity = logging.WARNING if isinstance(error, FAILURES) else logging.ERROR
        logs.log(severity, "response without the members, which could not be read", {}, error=error)
        return None


async def complete_with_count(
    inventory: Inventory, call: Call, decision: Decision, as_of: datetime | None
) -> HttpResponse:
    """Add the number of members to the response to a committed change of a pool; null if this fails."""
    firestore, organization = inventory.firestore, call.caller.organization_id
    response = decision.response
    pool_id = json.loads(response.body)["id"]  # `create` made another id for a replay

    async def count(deadline: Deadline) -> int:
        if is_replayed(response) and not await pool_exists(firestore, organization, pool_id, deadline):
            return 0
        return await count_members(firestore, organization, pool_id, deadline, as_of=as_of)

    return with_count(response, await after_commit(count))


async def read_members(  # noqa: PLR0913 - whose pool, what of it, and when
    inventory: Inventory,
    organization_id: str,
    pool_id: str,
    deadline: Deadline,
    *,
    named: Sequence[Plain] = (),
    as_of: datetime | None = None,
) -> Members:
    """Count a pool's members and read the first of them concurrently.

    Args:
        inventory: the adapters.
        organization_id: the organization that owns the pool.
        pool_id: the pool's id.
        deadline: when to stop.
        named: members to show before all others.
        as_of: the time of the reads; without it, now.
    """
    counted, (newest, has_more) = await asyncio.gather(
        count_members(inventory.firestore, organization_id, pool_id, deadline, as_of=as_of),
        list_members(
            inventory.firestore,
            organization_id,
            pool_id,
            limit=pools.MAX_SHOWN,
            deadline=deadline,
            known={machine["id"]: machine for machine in named},
            as_of=as_of,
        ),
    )
    machines, skip = pools.first_members(named, newest)
    # Without `as_of`, some of `named` may have left since. They are still shown, so they count too.
    known = {machine["id"] for machine in (*named, *newest)}
    # Pages of the rest have no more, because they could be too large.
    limit = len(newest) if has_more else pools.MAX_SHOWN
    present = pages.total(counted, skip=0, found=len(newest), limit=limit)
    count = max(present, len(known))
    if count <= len(machines):
        return Members(count, machines, {})
    rest = f"/v1/machines?pool_id={pool_id}&skip={skip}&limit={limit}"
    return Members(count, machines, {"Link": f'<{rest}>; rel="next"'})


def is_replayed(response: HttpResponse) -> bool:
    """Return whether a response is the replay of an earlier request's."""
    return "Idempotent-Replayed" in response.headers
