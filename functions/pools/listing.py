"""Lists of an organization's pools."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from functions.pools.views import included_machine
from shared.bootstrap import Inventory
from shared.concurrency import run_concurrently
from shared.domain import pages, pools
from shared.domain.access import Scope
from shared.domain.http_response import HttpResponse
from shared.edge.items import page_response
from shared.edge.pool_view import pool_json
from shared.edge.query import CommaSeparated, Limit, Skip, read_query
from shared.edge.resource import Call
from shared.edge.turns import SMALL_PAGE
from shared.edge.validation import Strict
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store.members import count_members_of_each, list_members
from shared.store.page_size import MAX_PAGE_BYTES
from shared.store.pools import count_pools, list_pools

# The most machines that a page reads for all its pools together, however large the pools are.
MAX_INCLUDED = 1000


class PoolItemsQuery(Strict):
    """The page, and whether to include machines."""

    skip: Skip = 0
    limit: Limit = 100
    include: Annotated[frozenset[str], CommaSeparated(("machines",))] = Field(
        default_factory=frozenset,
        description="Include their machines; needs the scope `machines:read`. Shows the newest 100 of each "
        "pool, or fewer, so that the pools have at most 1,000 in all. A machine counts in each of its "
        "pools",
    )


async def list_items(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `GET /v1/pools`: reads the page and the total concurrently, then each pool's count."""
    query = read_query(call.request, PoolItemsQuery)
    if query.include:
        call.caller.require(Scope.MACHINES_READ)
    is_large = query.limit > SMALL_PAGE or bool(query.include)
    async with call.turns.take(call.deadline, is_large=is_large):
        return await _page(inventory, call, query)


async def _page(inventory: Inventory, call: Call, query: PoolItemsQuery) -> HttpResponse:
    organization = call.caller.organization_id
    counted, found = await asyncio.gather(
        count_pools(inventory.firestore, organization, call.deadline),
        list_pools(
            inventory.firestore, organization, skip=query.skip, limit=query.limit, deadline=call.deadline
        ),
    )
    total = pages.total(counted, skip=query.skip, found=len(found), limit=query.limit)
    counts = await count_members_of_each(inventory.firestore, organization, found, call.deadline)
    extra: dict[str, Any] = {}
    if query.include:
        counts, extra["included"] = await _read_members(inventory, call, found, counts)
    items = [pool_json(pool, count) for pool, count in zip(found, counts, strict=True)]
    return page_response(call.request, items, total=total, skip=query.skip, limit=query.limit, extra=extra)


async def _read_members(
    inventory: Inventory, call: Call, found: Sequence[Pool], counts: Sequence[int]
) -> tuple[list[int], list[dict[str, Any]]]:
    """Read the newest machines of each pool.

    Returns:
        The pools' counts, consistent with the machines, and the machines without repeats.
    """
    share = _share(counts)
    limits = {index: min(count, share) for index, count in enumerate(counts) if count}
    max_bytes = MAX_PAGE_BYTES // max(len(limits), 1)
    organization = call.caller.organization_id
    newest = await run_concurrently(
        list_members(
            inventory.firestore,
            organization,
            found[index].id,
            limit=limit,
            deadline=call.deadline,
            max_bytes=max_bytes,
        )
        for index, limit in limits.items()
    )
    agreed = list(counts)
    for (index, limit), (members, has_more) in zip(limits.items(), newest, strict=True):
        read = len(members) if has_more else limit
        agreed[index] = pages.total(counts[index], skip=0, found=len(members), limit=read)
    machines = {machine["id"]: machine for members, _ in newest for machine in members}
    return agreed, [included_machine(machine) for machine in machines.values()]


def _share(counts: Sequence[int]) -> int:
    """Return the most machines per pool for which all pools together show at most `MAX_INCLUDED`."""
    # A binary search, because the sum grows with the share. Small pools leave machines to large ones.
    shares = range(1, pools.MAX_SHOWN + 1)
    return bisect_right(shares, MAX_INCLUDED, key=lambda share: sum(min(count, share) for count in counts))
