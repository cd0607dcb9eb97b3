"""Memberships: machines and pools, read together as of one moment, and the pools of a machine, written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from google_apis.firestore.document_pb2 import Document
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store import paths, writes
from shared.store.codec import decode
from shared.store.machines import MACHINE_FIELDS, StoredMachine, version_last_seen
from shared.store.wire_format import Write

# One mask is for all documents of a call.
_FIELDS = tuple(dict.fromkeys([*MACHINE_FIELDS, *(field.name for field in Pool.DESCRIPTOR.fields)]))
# What a membership changes of a machine.
_WRITTEN = ("pool_ids", "version", "updated_at")


class Get(Protocol):
    """How documents are read: in a transaction, with locks, or without one."""

    async def __call__(self, paths: Sequence[str], *, fields: Sequence[str]) -> dict[str, Document]:
        """Read documents, and return those that exist by their paths."""


@dataclass(frozen=True)
class Found:
    """Those of some machines and pools that exist, in the order in which they were asked for."""

    machines: list[StoredMachine]
    pools: list[Pool]


async def read(
    get: Get, organization_id: str, *, machine_ids: Sequence[str] = (), pool_ids: Sequence[str] = ()
) -> Found:
    """Read an organization's machines and pools.

    A machine may still name pools that were deleted: `pool_cleanup` takes them off it.

    Args:
        get: reads the documents, in one call.
        organization_id: whose they are.
        machine_ids: which machines, each once.
        pool_ids: which pools, each once.
    """
    machines = [paths.machine(organization_id, machine_id) for machine_id in machine_ids]
    pools = [paths.pool(organization_id, pool_id) for pool_id in pool_ids]
    wanted = [*machines, *pools]
    found = await get(wanted, fields=_FIELDS if machines else ()) if wanted else {}
    return Found(
        [
            StoredMachine(decode(found[path].fields, Machine), found[path])
            for path in machines
            if path in found
        ],
        [decode(found[path].fields, Pool) for path in pools if path in found],
    )


def change_pools(stored: StoredMachine, after: Machine) -> Write:
    """Write the pools of a machine; the commit is refused where it is no longer the one that was read.

    Nothing else of it is looked at: an assignment has up to 100 machines, and a machine a thousand parts.
    """
    return writes.update(after, _WRITTEN, stored.document, version_last_seen(after))
