"""Assignments, which add machines to a pool or remove them from it.

Each is one transaction that reads the pool and the machines in one call, and writes only machines. Its lock
on the pool is shared, because it only reads the pool, so assignments to one pool run concurrently. The pool's
deletion writes the pool, so it happens entirely before or after an assignment:
https://cloud.google.com/firestore/docs/transaction-data-contention
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import grpc.aio

from functions.pools.bodies import MachineAssignment
from functions.pools.responses import (
    Members,
    after_commit,
    is_replayed,
    pool_response,
    read_members,
    with_count,
)
from shared.bootstrap import Inventory
from shared.domain import events, pools
from shared.domain.deadline import Deadline
from shared.domain.errors import Fault, Invalid, InventoryError, MachinesNotFound, PoolNotFound
from shared.domain.http_response import HttpResponse
from shared.domain.plain import Plain
from shared.edge import path
from shared.edge.conditions import require_pool_match
from shared.edge.idempotency import command_of
from shared.edge.machine_view import machine_json
from shared.edge.resource import Call
from shared.pb.inventory.v1.events_pb2 import MachineVersion, PoolChange
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store import memberships
from shared.store.change import Decision
from shared.store.changes import Complete
from shared.store.errors import is_too_big
from shared.store.machines import StoredMachine
from shared.store.transaction import Transaction


@dataclass(frozen=True)
class _Assignment:
    """A pool, and machines by id, each with its position in the request."""

    organization_id: str
    pool_id: str
    machine_ids: Mapping[str, int]

    async def read(self, get: memberships.Get) -> tuple[Pool, list[StoredMachine]]:
        """Read the pool and those machines that exist, in one call.

        Raises:
            PoolNotFound: the organization has no such pool.
        """
        found = await memberships.read(
            get, self.organization_id, machine_ids=list(self.machine_ids), pool_ids=[self.pool_id]
        )
        if not found.pools:
            raise PoolNotFound(self.pool_id)
        return found.pools[0], found.machines

    def require_room(self, machines: Sequence[Machine]) -> None:
        """Reject an assignment of machines that already are in the maximum number of pools.

        Raises:
            Invalid: there are such machines; the error has a fault for each.
        """
        message = f"The machine is in {pools.MAX_POOLS} pools, which is the maximum"
        full = [machine.id for machine in machines if not pools.has_room(machine, self.pool_id)]
        if full:
            locations = [("body", "machine_ids", self.machine_ids[machine_id]) for machine_id in full]
            raise Invalid([Fault(location, "too_many_pools", message) for location in locations])


async def add(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `POST /v1/pools/{pool_id}/machines`: adds all of the machines or none."""

    async def decide(transaction: Transaction, assignment: _Assignment) -> Decision:
        pool, stored = await assignment.read(transaction.get)
        machines = [item.machine for item in stored]
        found = {machine.id for machine in machines}
        if missing := [machine_id for machine_id in assignment.machine_ids if machine_id not in found]:
            raise MachinesNotFound(missing)
        require_pool_match(call.request, pool.version)
        assignment.require_room(machines)
        now = inventory.clock()
        joined = [pools.join(machine, pool.id, now=now) for machine in machines]
        change = PoolChange.POOL_CHANGE_MACHINES_ADDED
        decision = _decision(pool_response(200, pool), pool, change, stored, joined)
        return replace(decision, shown=list(map(memberships.plain_after, stored, joined)))

    return await _respond(inventory, call, decide, partial(_complete_with_members, inventory, call))


async def remove(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `DELETE /v1/pools/{pool_id}/machines`, and its POST for proxies that drop a DELETE's body."""

    async def decide(transaction: Transaction, assignment: _Assignment) -> Decision:
        pool, stored = await assignment.read(transaction.get)
        require_pool_match(call.request, pool.version)
        now = inventory.clock()
        left = [pools.leave(item.machine, pool.id, now=now) for item in stored]
        change = PoolChange.POOL_CHANGE_MACHINES_REMOVED
        return _decision(HttpResponse(status=204), pool, change, stored, left)

    return await _respond(inventory, call, decide)


async def _respond(
    inventory: Inventory,
    call: Call,
    decide: Callable[[Transaction, _Assignment], Awaitable[Decision]],
    complete: Complete | None = None,
) -> HttpResponse:
    """Apply an assignment.

    Raises:
        Invalid: the machines are too large together for one commit.
    """
    read = partial(_read_request, call)
    try:
        return await inventory.changes.respond(command_of(call), read, decide, complete=complete)
    except grpc.aio.AioRpcError as error:
        if not is_too_big(error):
            raise
        message = "The machines are too large for one request: use several"
        raise Invalid([Fault(("body", "machine_ids"), "too_large", message)]) from error


def _read_request(call: Call) -> _Assignment:
    pool_id = path.uuid(call.request, "pool_id")
    machine_ids = call.body_as(MachineAssignment).positions()
    return _Assignment(call.caller.organization_id, pool_id, machine_ids)


def _read_replayed(call: Call) -> _Assignment:
    """Read a replayed request again; without machines if it now has a fault, such as in its headers."""
    try:
        return _read_request(call)
    except InventoryError:
        return _Assignment(call.caller.organization_id, path.uuid(call.request, "pool_id"), {})


def _decision(
    response: HttpResponse,
    pool: Pool,
    change: PoolChange,
    stored: Sequence[StoredMachine],
    after: Sequence[Machine],
) -> Decision:
    """Return the decision to write the changed machines, with one event; if none changed, without both."""
    changed = [
        (before, machine)
        for before, machine in zip(stored, after, strict=True)
        if machine.version != before.machine.version
    ]
    if not changed:
        return Decision(response=response)
    versions = [MachineVersion(id=machine.id, version=machine.version) for _, machine in changed]
    return Decision(
        response=response,
        writes=[memberships.change_pools(before, machine) for before, machine in changed],
        events=[events.pool_changed(pool, change, versions)],
    )


def _with_members(
    response: HttpResponse,
    count: int | None,
    machines: Sequence[Plain],
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    return with_count(response, count, headers, machines=[machine_json(machine) for machine in machines])


async def _complete_with_members(
    inventory: Inventory, call: Call, decision: Decision, as_of: datetime | None
) -> HttpResponse:
    """Add the members to the response to a committed addition; if this fails, only those of the request."""
    response, named = decision.response, decision.shown

    async def read(deadline: Deadline) -> HttpResponse:
        if is_replayed(response):
            found = await _members_now(inventory, _read_replayed(call), deadline)
        else:
            organization, pool_id = call.caller.organization_id, path.uuid(call.request, "pool_id")
            found = await read_members(inventory, organization, pool_id, deadline, named=named, as_of=as_of)
        return _with_members(response, found.count, found.machines, found.headers)

    async def show_known(_: Deadline) -> HttpResponse:
        # Empty for a replay: it is unknown which of the earlier request's machines still are members.
        return _with_members(response, None, named)

    completed = await after_commit(read) or await after_commit(show_known)
    # Some machine cannot be shown at all, perhaps because it was stored by hand.
    return completed or _with_members(response, None, [])


async def _members_now(inventory: Inventory, assignment: _Assignment, deadline: Deadline) -> Members:
    """Return the pool's members now, first those of the earlier request's machines that still are members."""
    try:
        _, stored = await assignment.read(partial(inventory.firestore.get_all, deadline=deadline))
    except PoolNotFound:
        return Members(0, [], {})
    named = [item.plain for item in stored if assignment.pool_id in item.machine.pool_ids]
    return await read_members(
        inventory, assignment.organization_id, assignment.pool_id, deadline, named=named
    )
