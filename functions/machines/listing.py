"""Lists of machines in the pools family, by any combination of filters."""

import asyncio
from typing import Annotated

from pydantic import Field

from functions.machines.label_selectors import LabelSelectors
from functions.machines.pools_of import included_pools, read_pools, with_pools
from functions.machines.profile import Name
from functions.machines.timestamps import PeriodEnd, PeriodStart
from shared.bootstrap import Inventory
from shared.domain import pages
from shared.domain.access import Scope
from shared.domain.http_response import HttpResponse
from shared.domain.machine_filter import MachineFilter
from shared.domain.plain import Plain
from shared.edge.items import page_response
from shared.edge.machine_status import NUMBERS, MachineStatus
from shared.edge.machine_view import machine_json
from shared.edge.query import CommaSeparated, Limit, Skip, read_query
from shared.edge.resource import Call
from shared.edge.turns import SMALL_PAGE
from shared.edge.validation import NOT_SENT, Strict, UuidText
from shared.store.machine_lists import MachineLists
from shared.store.pools import pool_exists

SearchText = Annotated[
    str,
    Field(max_length=255, description="A part of the id, name or hostname; case-insensitive"),
]
CreatedFrom = Annotated[
    PeriodStart,
    Field(description="Created at this time or on this day, or later; UTC if there is no time zone"),
]
CreatedTo = Annotated[
    PeriodEnd,
    Field(description="Created at this time or on this day, or earlier; UTC if there is no time zone"),
]


class MachineItemsQuery(Strict):
    """The filters, the page, and whether to include pools."""

    search: SearchText = ""
    # No longer than a name can be: Firestore indexes only the first 1,500 bytes of a value.
    name: Annotated[Name, Field(description="The exact name")] = NOT_SENT
    status: Annotated[MachineStatus, Field(strict=False)] = NOT_SENT
    created_at_from: CreatedFrom = NOT_SENT
    created_at_to: CreatedTo = NOT_SENT
    pool_id: Annotated[UuidText, Field(description="Only members of this pool")] = NOT_SENT
    label: LabelSelectors = ()
    include: Annotated[frozenset[str], CommaSeparated(("pools",))] = Field(
        default_factory=frozenset,
        description="Include their pools; needs the scope `pools:read`. Rejected for more than 1,000 pools, "
        "or more than 8 MiB of them, where each counts once for each of its machines",
    )
    skip: Skip = 0
    limit: Limit = 100


async def list_items(inventory: Inventory, lists: MachineLists, call: Call) -> HttpResponse:
    """Handle `GET /v1/machines`: newest first; the page and the total are read concurrently."""
    query = read_query(call.request, MachineItemsQuery)
    if query.include:
        call.caller.require(Scope.POOLS_READ)
    async with call.turns.take(call.deadline, is_large=query.limit > SMALL_PAGE):
        return await _page(inventory, lists, call, query)


async def _page(
    inventory: Inventory, lists: MachineLists, call: Call, query: MachineItemsQuery
) -> HttpResponse:
    total, found = await _read(inventory, lists, call, query)
    if query.include:
        pools = await read_pools(inventory, call, found)
        items = [with_pools(machine, pools) for machine in found]
        extra = {"included": included_pools(pools)}
    else:
        items, extra = [machine_json(machine) for machine in found], {}
    return page_response(call.request, items, total=total, skip=query.skip, limit=query.limit, extra=extra)


async def _read(
    inventory: Inventory, lists: MachineLists, call: Call, query: MachineItemsQuery
) -> tuple[int, list[Plain]]:
    """Read the total and a page: none of a deleted pool, even if machines still have its id."""
    machines = await lists.of(_filter(call, query), call.deadline)
    counted, found, has_pool = await asyncio.gather(
        machines.total(call.deadline),
        machines.page(offset=query.skip, limit=query.limit, deadline=call.deadline),
        _has_pool(inventory, call, query.pool_id),
    )
    if not has_pool:
        return 0, []
    return pages.total(counted, skip=query.skip, found=len(found), limit=query.limit), found


async def _has_pool(inventory: Inventory, call: Call, pool_id: str | None) -> bool:
    if pool_id is None:
        return True
    return await pool_exists(inventory.firestore, call.caller.organization_id, pool_id, call.deadline)


def _filter(call: Call, query: MachineItemsQuery) -> MachineFilter:
    return MachineFilter(
        organization_id=call.caller.organization_id,
        search=query.search or None,
        name=query.name,
        status=NUMBERS.get(query.status),
        pool_id=query.pool_id,
        created_from=query.created_at_from,
        created_to=query.created_at_to,
        labels=query.label,
    )
