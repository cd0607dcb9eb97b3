"""Lookups of pools by id."""

import asyncio
from typing import Annotated

from pydantic import Field

from functions.pools.responses import pool_response, read_members, with_count
from functions.pools.views import included_machine
from shared.bootstrap import Inventory
from shared.domain.access import Scope
from shared.domain.http_response import HttpResponse
from shared.edge import path
from shared.edge.conditions import is_known, pool_etag
from shared.edge.machine_view import machine_json
from shared.edge.query import CommaSeparated, Flag, read_query
from shared.edge.resource import Call
from shared.edge.validation import Strict
from shared.store.members import count_members
from shared.store.pools import read_stored_pool


class PoolQuery(Strict):
    """Whether, and where, to show a pool's machines."""

    include_machines: Annotated[
        Flag, Field(description="Show the newest 100 machines in the pool itself; needs `machines:read`")
    ] = False
    include: Annotated[frozenset[str], CommaSeparated(("machines",))] = Field(
        default_factory=frozenset,
        description="Include its newest 100 machines; needs the scope `machines:read`",
    )


async def get(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `GET /v1/pools/{pool_id}`: reads the pool and its members concurrently.

    The ETag contains the pool's version and the number of members, but not which they are. So a response with
    machines is never a 304.
    """
    pool_id = path.uuid(call.request, "pool_id")
    query = read_query(call.request, PoolQuery)
    if query.include_machines or query.include:
        call.caller.require(Scope.MACHINES_READ)
        return await _with_machines(inventory, call, pool_id, query)
    organization = call.caller.organization_id
    stored, count = await asyncio.gather(
        read_stored_pool(inventory.firestore, organization, pool_id, call.deadline),
        count_members(inventory.firestore, organization, pool_id, call.deadline),
    )
    headers = {"ETag": pool_etag(stored.pool.version, count)}
    if is_known(call.request, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    return with_count(pool_response(200, stored.pool), count, headers)


async def _with_machines(inventory: Inventory, call: Call, pool_id: str, query: PoolQuery) -> HttpResponse:
    stored, found = await asyncio.gather(
        read_stored_pool(inventory.firestore, call.caller.organization_id, pool_id, call.deadline),
        read_members(inventory, call.caller.organization_id, pool_id, call.deadline),
    )
    present: dict[str, object] = {}
    if query.include_machines:
        present["machines"] = [machine_json(machine) for machine in found.machines]
    if query.include:
        present["included"] = [included_machine(machine) for machine in found.machines]
    headers = {**found.headers, "ETag": pool_etag(stored.pool.version, found.count)}
    return with_count(pool_response(200, stored.pool), found.count, headers, **present)
