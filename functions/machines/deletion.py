"""Deletion of machines, which frees their identities."""

from collections.abc import Callable

from starlette.requests import Request

from functions.machines.stored import read_matching
from shared.bootstrap import Inventory
from shared.domain import events, identities
from shared.domain.events import Event
from shared.domain.http_response import HttpResponse
from shared.edge.idempotency import command_of
from shared.edge.resource import Call
from shared.pb.inventory.v1.events_pb2 import MachineVersion, PoolChange
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store import memberships, writes
from shared.store.change import Decision
from shared.store.transaction import Transaction


async def delete(inventory: Inventory, read_id: Callable[[Request], str], call: Call) -> HttpResponse:
    """Handle a machine's `DELETE`: one commit deletes it and its claims, then the events are published.

    Args:
        inventory: the adapters.
        read_id: reads the machine's id from the path, and raises the family's error for a malformed id.
        call: the request.
    """

    async def decide(transaction: Transaction, _: None) -> Decision:
        stored = await read_matching(inventory, call, read_id(call.request))
        machine = stored.machine
        return Decision(
            response=HttpResponse(status=204),
            writes=[writes.delete_seen(stored.document)],
            freed=identities.claims(machine),
            events=[events.machine_deleted(machine), *await _removals(machine, transaction)],
        )

    return await inventory.changes.respond(command_of(call), call.require_no_body, decide)


async def _removals(machine: Machine, transaction: Transaction) -> list[Event]:
    """Return an event for each pool that the machine leaves, but not for deleted pools.

    The deletion event of a pool stands for all members. The pools are read with locks, so that none is
    deleted before the commit.
    """
    found = await memberships.read(transaction.get, machine.organization_id, pool_ids=machine.pool_ids)
    gone = MachineVersion(id=machine.id, version=machine.version + 1)
    return [
        events.pool_changed(pool, PoolChange.POOL_CHANGE_MACHINES_REMOVED, [gone]) for pool in found.pools
    ]
