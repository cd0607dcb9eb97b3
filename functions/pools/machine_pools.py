"""The pools of one machine."""

from collections.abc import Sequence
from functools import partial

from functions.pools.bodies import PoolAssignment
from shared.bootstrap import Inventory
from shared.domain import events, pools
from shared.domain.errors import Fault, Invalid, MachineNotFound, PoolsNotFound
from shared.domain.http_response import HttpResponse
from shared.domain.plain import Plain
from shared.edge import path
from shared.edge.conditions import etag, require_match
from shared.edge.idempotency import command_of
from shared.edge.machine_view import machine_json
from shared.edge.pool_view import pool_json
from shared.edge.resource import Call
from shared.edge.responses import json_response
from shared.pb.inventory.v1.events_pb2 import MachineVersion, PoolChange
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store import memberships
from shared.store.change import Decision
from shared.store.machines import StoredMachine, read_machine
from shared.store.members import count_members_of_each
from shared.store.pools import find_pools
from shared.store.transaction import Transaction

# A commit can have 10 MiB. The rest is for the recorded response and the machine, each of which has up to
# 1 MiB, and for the overhead of 200 events. 100 pools of 80 KiB fit.
MAX_EVENT_BYTES = 8100 * 1024


async def get(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `GET /v1/machines/{machine_id}/pools`, in the order in which they were joined or set."""
    machine_id = path.uuid(call.request, "machine_id")
    firestore, organization, deadline = inventory.firestore, call.caller.organization_id, call.deadline
    machine, _ = await read_machine(firestore, organization, machine_id, deadline)
    found = await find_pools(firestore, organization, machine["pool_ids"], deadline)
    counts = await count_members_of_each(firestore, organization, found, deadline)
    shown = [pool_json(pool, count) for pool, count in zip(found, counts, strict=True)]
    return json_response(200, shown)


async def replace(inventory: Inventory, call: Call) -> HttpResponse:
    """Handle `PUT /v1/machines/{machine_id}/pools`: one transaction, then an event per pool joined or left.

    Only the machine changes. Its new version is the ETag, and is in each event.
    """
    organization = call.caller.organization_id

    async def decide(transaction: Transaction, assignment: PoolAssignment) -> Decision:
        machine_id, wanted = path.uuid(call.request, "machine_id"), assignment.ids()
        stored, entered = await _read(transaction, organization, machine_id, wanted)
        before = stored.machine
        require_match(call.request, before.version)
        former = [pool_id for pool_id in before.pool_ids if pool_id not in wanted]
        # There is no event for a deleted pool, whose id the machine may still have.
        left = (await memberships.read(transaction.get, organization, pool_ids=former)).pools
        joined = [pool for pool in entered if pool.id not in before.pool_ids]
        if not joined and not left:
            return Decision(response=_response(stored.plain))
        after = pools.set_pools(before, wanted, now=inventory.clock())
        versions = [MachineVersion(id=after.id, version=after.version)]
        added, removed = PoolChange.POOL_CHANGE_MACHINES_ADDED, PoolChange.POOL_CHANGE_MACHINES_REMOVED
        changed = [
            *(events.pool_changed(pool, added, versions) for pool in joined),
            *(events.pool_changed(pool, removed, versions) for pool in left),
        ]
        _require_one_commit(changed)
        writes = [memberships.change_pools(stored, after)]
        response = _response(memberships.plain_after(stored, after))
        return Decision(response=response, writes=writes, events=changed)

    read = partial(call.body_as, PoolAssignment)
    return await inventory.changes.respond(command_of(call), read, decide)


async def _read(
    transaction: Transaction, organization_id: str, machine_id: str, pool_ids: Sequence[str]
) -> tuple[StoredMachine, list[Pool]]:
    """Read the machine and its new pools, in one call.

    Raises:
        MachineNotFound: the organization has no such machine.
        PoolsNotFound: the organization lacks some of the pools.
    """
    found = await memberships.read(
        transaction.get, organization_id, machine_ids=[machine_id], pool_ids=pool_ids
    )
    if not found.machines:
        raise MachineNotFound(machine_id)
    living = {pool.id for pool in found.pools}
    if missing := [pool_id for pool_id in pool_ids if pool_id not in living]:
        raise PoolsNotFound(missing)
    return found.machines[0], found.pools


def _require_one_commit(changed: Sequence[events.Event]) -> None:
    """Reject a replacement whose events, each with its whole pool, are too large for one commit.

    Raises:
        Invalid: the events are too large.
    """
    if sum(event.message.ByteSize() for event in changed) > MAX_EVENT_BYTES:
        message = "The pools that the machine joins and leaves are too large for one request: use several"
        raise Invalid([Fault(("body", "pool_ids"), "too_large", message)])


def _response(machine: Plain) -> HttpResponse:
    return json_response(200, machine_json(machine), {"ETag": etag(machine["version"])})
