"""Deletion: a machine leaves the inventory, and its identities are free."""

from collections.abc import Callable

from starlette.requests import Request

from functions.machines.stored import read_matching
from shared.bootstrap import Inventory
from shared.domain import events, identities
from shared.domain.answer import Answer
from shared.domain.events import Event
from shared.edge.idempotency import command_of
from shared.edge.resource import Call
from shared.pb.inventory.v1.events_pb2 import MachineVersion, PoolChange
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store import memberships, writes
from shared.store.change import Decision
from shared.store.transaction import Transaction


async def delete(inventory: Inventory, read_id: Callable[[Request], str], call: Call) -> Answer:
    """Answer a machine's `DELETE`: one commit frees its claims, then its subscribers and its pools' are told.

    Args:
        inventory: where it is.
        read_id: reads the machine's id from the path; what is no id is told as the family tells it.
        call: the request.
    """

    async def decide(transaction: Transaction, _: None) -> Decision:
        stored = await read_matching(inventory, call, read_id(call.request))
        machine = stored.machine
        return Decision(
            answer=Answer(status=204),
            writes=[writes.delete_seen(stored.document)],
            freed=identities.claims(machine),
            events=[events.machine_deleted(machine), *await _removals(machine, transaction)],
        )

    return await inventory.changes.answer(command_of(call), call.require_no_body, decide)


async def _removals(machine: Machine, transaction: Transaction) -> list[Event]:
    """Tell of each pool that the machine leaves it; a pool that is gone has told of all its members.

    The pools are read with locks: whether a pool is gone must still be so when the deletion commits.
    """
    found = await memberships.read(transaction.get, machine.organization_id, pool_ids=machine.pool_ids)
    gone = MachineVersion(id=machine.id, version=machine.version + 1)
    return [
        events.pool_changed(pool, PoolChange.POOL_CHANGE_MACHINES_REMOVED, [gone]) for pool in found.pools
    ]
