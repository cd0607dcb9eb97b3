"""Lists of machines in the machines family: page by page, or the machine with a MAC address."""

import asyncio
from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request

from functions.machines.label_selectors import LabelSelectors
from functions.machines.page_token import MAX_SKIP, PageToken, read_token, write_token
from functions.machines.profile import Mac
from shared.bootstrap import Inventory
from shared.domain import pages
from shared.domain.errors import Fault, Invalid
from shared.domain.http_response import HttpResponse
from shared.domain.machine_filter import MachineFilter
from shared.domain.plain import Plain, plain
from shared.edge.machine_view import machine_json, machine_message
from shared.edge.negotiation import negotiated_response
from shared.edge.query import Page, PerPage, read_query
from shared.edge.resource import Call
from shared.edge.validation import NOT_SENT, Strict
from shared.pb.inventory.v1.api_pb2 import MachineList, Pagination
from shared.store.machine_lists import MachineLists
from shared.store.machines import find_machine_with_mac


def _without_default(schema: dict[str, Any]) -> None:
    """Remove a default that `page_token` replaces. A client that always sends it could not send a token."""
    del schema["default"]


class MachinePageQuery(Strict):
    """The filters and the page."""

    page: Annotated[Page, Field(json_schema_extra=_without_default)] = 1
    per_page: Annotated[PerPage, Field(json_schema_extra=_without_default)] = 20
    page_token: Annotated[
        str,
        Field(
            description="The `next_page_token` of the previous page, with the same `label`s. It does not "
            "expire, and every page costs the same. Not allowed with `page` or `mac`"
        ),
    ] = NOT_SENT
    mac: Annotated[Mac, Field(description="The machine with this MAC address, in any notation")] = NOT_SENT
    label: LabelSelectors = ()


async def list_profiles(inventory: Inventory, lists: MachineLists, call: Call) -> HttpResponse:
    """Handle `GET /api/v1/machines`: newest first."""
    query = read_query(call.request, MachinePageQuery)
    if "mac" in query.model_fields_set:
        return await _with_mac(inventory, call, query)
    if "page_token" in query.model_fields_set:
        return await _next_page(lists, call, query)
    return await _numbered_page(lists, call, query)


async def _with_mac(inventory: Inventory, call: Call, query: MachinePageQuery) -> HttpResponse:
    """Return a page with the machine with a MAC address, if it exists, in at most two reads."""
    _reject_combination(query, "mac", "page_token")
    machine = await find_machine_with_mac(
        inventory.firestore, call.caller.organization_id, query.mac, call.deadline
    )
    found = [machine] if machine is not None and _accepts(query, machine) else []
    shown = found if query.page == 1 else []
    return _response(call.request, shown, _pagination(len(found), query.page, query.per_page, None))


def _accepts(query: MachinePageQuery, machine: Plain) -> bool:
    return all(label.accepts(machine["labels"]) for label in query.label)


async def _numbered_page(lists: MachineLists, call: Call, query: MachinePageQuery) -> HttpResponse:
    """Return the page with a number; Firestore reads all machines before it too."""
    machines = await lists.of(_filter(call, query), call.deadline)
    skip, limit = (query.page - 1) * query.per_page, query.per_page + 1
    counted, found = await asyncio.gather(
        machines.total(call.deadline),
        machines.page(offset=skip, limit=limit, deadline=call.deadline, parameter="per_page"),
    )
    total = pages.total(counted, skip=skip, found=len(found), limit=limit)
    return _page(call, query, found, total=total, skip=skip, per_page=query.per_page)


async def _next_page(lists: MachineLists, call: Call, query: MachinePageQuery) -> HttpResponse:
    """Return the page after a token, which costs as much as a first page."""
    _reject_combination(query, "page_token", "page")
    token = read_token(query.page_token, _query_id(call, query))
    per_page = query.per_page if "per_page" in query.model_fields_set else token.per_page
    machines = await lists.of(_filter(call, query), call.deadline)
    found = await machines.page(
        after=token.after, limit=per_page + 1, deadline=call.deadline, parameter="per_page"
    )
    return _page(call, query, found, total=token.total, skip=token.skip, per_page=per_page)


def _page(  # noqa: PLR0913 - a page's figures, by name
    call: Call, query: MachinePageQuery, found: list[Plain], *, total: int, skip: int, per_page: int
) -> HttpResponse:
    """Return a page, for which one more machine was read to find out whether there is a next page."""
    shown = found[:per_page]
    following = None
    if len(found) > per_page:
        before = min(skip + per_page, MAX_SKIP)  # only a forged token can reach the maximum
        token = PageToken(after=shown[-1]["id"], skip=before, per_page=per_page, total=total)
        following = write_token(token, _query_id(call, query))
    pagination = _pagination(total, skip // per_page + 1, per_page, following)
    return _response(call.request, shown, pagination)


def _filter(call: Call, query: MachinePageQuery) -> MachineFilter:
    return MachineFilter(organization_id=call.caller.organization_id, labels=query.label)


def _query_id(call: Call, query: MachinePageQuery) -> str:
    """Return a text that identifies the list, for the digest of its tokens."""
    return f"{call.caller.organization_id} {sorted(map(repr, query.label))}"


def _reject_combination(query: MachinePageQuery, name: str, other: str) -> None:
    if other in query.model_fields_set:
        location = ("query", other)
        raise Invalid([Fault(location, "not_together", f"must not be given together with {name}")])


def _pagination(total: int, page: int, per_page: int, next_page_token: str | None) -> Pagination:
    return Pagination(
        total=total,
        page=page,
        per_page=per_page,
        total_pages=-(-total // per_page),
        next_page_token=next_page_token,
    )


def _response(request: Request, machines: list[Plain], pagination: Pagination) -> HttpResponse:
    def content() -> dict[str, Any]:
        views = [machine_json(machine) for machine in machines]
        return {"machines": views, "pagination": plain(pagination)}

    def message() -> MachineList:
        messages = [machine_message(machine) for machine in machines]
        return MachineList(machines=messages, pagination=pagination)

    return negotiated_response(request, 200, content=content, message=message)
