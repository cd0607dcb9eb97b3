"""Lookups of machines by id."""

from typing import Annotated

from pydantic import Field

from functions.machines.pools_of import included_pools, read_pools, with_pools
from shared.bootstrap import Inventory
from shared.domain.access import Scope
from shared.domain.http_response import HttpResponse
from shared.edge import path
from shared.edge.conditions import etag, is_known
from shared.edge.machine_view import machine_json, machine_response
from shared.edge.negotiation import NEGOTIATED
from shared.edge.query import CommaSeparated, read_query
from shared.edge.resource import Call
from shared.edge.responses import json_response
from shared.edge.validation import Strict
from shared.store.machines import read_machine


class MachineQuery(Strict):
    """What to include with a machine."""

    include: Annotated[frozenset[str], CommaSeparated(("pools",))] = Field(
        default_factory=frozenset, description="Include its pools; needs the scope `pools:read`"
    )


async def get_profile(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `GET /api/v1/machines/{machine_id}`."""
    machine_id = path.machine_id(call.request)
    machine, is_as_versioned = await read_machine(
        inventory.firestore, call.caller.organization_id, machine_id, call.deadline
    )
    tag = etag(machine["version"])
    if is_known(call.request, tag if is_as_versioned else None):
        return HttpResponse(status=304, headers={"ETag": tag, **NEGOTIATED})
    return machine_response(call.request, machine)


async def get(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `GET /v1/machines/{machine_id}`.

    The ETag is the version of only the machine, so a response with pools is never a 304.
    """
    machine_id = path.uuid(call.request, "machine_id")
    query = read_query(call.request, MachineQuery)
    if query.include:
        call.caller.require(Scope.POOLS_READ)
    machine, is_as_versioned = await read_machine(
        inventory.firestore, call.caller.organization_id, machine_id, call.deadline
    )
    headers = {"ETag": etag(machine["version"])}
    if query.include:
        pools = await read_pools(inventory, call, [machine])
        content = with_pools(machine, pools) | {"included": included_pools(pools)}
        return json_response(200, content, headers)
    if is_known(call.request, headers["ETag"] if is_as_versioned else None):
        return HttpResponse(status=304, headers=headers)
    return json_response(200, machine_json(machine), headers)
