"""Memberships: reads of machines and pools as of one moment, and writes of a machine's pools."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from google_apis.firestore.document_pb2 import Document
from shared.domain.plain import Plain
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store import paths, writes
from shared.store.codec import decode
from shared.store.machines import MACHINE_FIELDS, StoredMachine, version_last_seen
from shared.store.wire_format import Write

# One mask applies to all documents of a call.
_FIELDS = tuple(dict.fromkeys([*MACHINE_FIELDS, *(field.name for field in Pool.DESCRIPTOR.fields)]))
# The fields of a machine that a change of its memberships writes.
_WRITTEN = ("pool_ids", "version", "updated_at")


class Get(Protocol):
    """Reads documents: with locks in a transaction, or without a transaction."""

    async def __call__(self, paths: Sequence[str], *, fields: Sequence[str]) -> dict[str, Document]:
        """Read documents, and return those that exist by their paths."""


@dataclass(frozen=True)
class Found:
    """The machines and pools that exist, in the order of the request."""

    machines: list[StoredMachine]
    pools: list[Pool]


async def read(
    get: Get, organization_id: str, *, machine_ids: Sequence[str] = (), pool_ids: Sequence[str] = ()
) -> Found:
    """Read an organization's machines and pools.

    A machine's `pool_ids` can still contain deleted pools, until `pool_cleanup` removes them.

    Args:
        get: reads the documents, in one call.
        organization_id: the organization that owns them.
        machine_ids: the ids of the machines, without repeats.
        pool_ids: the ids of the pools, without repeats.
    """
    machines = [paths.machine(organization_id, machine_id) for machine_id in machine_ids]
    pools = [paths.pool(organization_id, pool_id) for pool_id in pool_ids]
    wanted = [*machines, *pools]
    found = await get(wanted, fields=_FIELDS if machines else ()) if wanted else {}
    return Found(
        [StoredMachine.of(found[path]) for path in machines if path in found],
        [decode(found[path].fields, Pool) for path in pools if path in found],
    )


def change_pools(stored: StoredMachine, after: Machine) -> Write:
    """Return the write of a machine's pools; the commit fails if the document changed after it was read.

    Other fields are not compared, because an assignment has up to 100 machines, and a machine up to a
    thousand parts.
    """
    return writes.update(after, _WRITTEN, stored.document, version_last_seen(after))


def plain_after(stored: StoredMachine, after: Machine) -> Plain:
    """Return a machine with changed pools as plain values."""
    return stored.plain_after(after, _WRITTEN)
