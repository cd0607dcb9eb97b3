"""Organizations that make calls, each with its own machines and pools.

The product registers the first machine of each. The others are copies of its documents with other ids and MAC
addresses, and are written to the database directly. So their search terms are those of the first one's id.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

import uuid6

from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.write_pb2 import Write
from shared.domain.identities import mac_identity
from shared.store import paths
from tests.bench.client import ask_json, request
from tests.bench.served import Backends
from tests.bench.store import Store, frame
from tests.functions.machines.bodies import PROFILE
from tests.google_clients import firestore_client
from tests.stack import organization

_macs = count()


def a_mac() -> str:
    """Return a MAC address that is new in this process: unicast, locally administered."""
    return bytes([2, *next(_macs).to_bytes(5, "big")]).hex(":")


@dataclass(frozen=True, kw_only=True)
class Size:
    """The size of a tenant.

    Attributes:
        machines: the number of machines in no pool.
        pools: the number of pools.
        members: the number of machines in each pool.
    """

    machines: int = 0
    pools: int = 0
    members: int = 0

    def __str__(self) -> str:
        return f"{self.machines} machines and {self.pools} pools of {self.members}"


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """An organization.

    Attributes:
        id: the organization's id.
        api_key: one of its keys, with all scopes.
        machines: the ids of the machines in no pool.
        macs: the MAC addresses of these.
        pools: the ids of the pools.
        assigned: the machines that have been assigned to a pool, for `release`.
    """

    id: str
    api_key: str
    machines: deque[str] = field(default_factory=deque)
    macs: list[str] = field(default_factory=list)
    pools: list[str] = field(default_factory=list)
    assigned: list[str] = field(default_factory=list)

    async def release(self, store: Store) -> None:
        """Remove the assigned machines from all pools."""
        any_id = str(uuid6.uuid7())
        write = Write()
        write.update.name = store.name(f"organizations/{self.id}/machines/{any_id}")
        write.update.fields["version"].integer_value = 1
        write.update_mask.field_paths.extend(("version", "pool_ids"))
        form = frame(write)
        await store.write(form.replace(any_id.encode(), machine.encode()) for machine in self.assigned)
        self.machines.extend(self.assigned)
        self.assigned.clear()


async def tenant(
    organization_id: str, size: Size, *, backends: Backends, store: Store, ports: Mapping[str, int]
) -> Tenant:
    """Create an organization with a key, machines and pools.

    Args:
        organization_id: the organization's id.
        size: its size.
        backends: the emulators.
        store: their documents.
        ports: the ports of the functions, by name.
    """
    with firestore_client(backends.firestore, backends.project) as client:
        api_key = organization(client, organization_id).api_key
    made = Tenant(id=organization_id, api_key=api_key)
    if not (size.machines or size.pools):
        return made
    model = await _model(made, store, ports["machines"])
    for _ in range(size.machines):
        made.machines.append(str(uuid6.uuid7()))
        made.macs.append(a_mac())
    form = model.form()
    await store.write(map(form.copy, made.machines, made.macs))
    for _ in range(size.pools):
        pool = await ask_json(ports["pools"], request("POST", "/v1/pools", api_key, {"name": "a pool"}))
        made.pools.append(pool["id"])
        form = model.form(pool["id"])
        await store.write(form.copy(str(uuid6.uuid7()), a_mac()) for _ in range(size.members))
    return made


@dataclass(frozen=True, kw_only=True)
class _Form:
    """The writes of a machine and its claim, in which ids of the same length can be replaced."""

    machine_id: bytes
    mac: bytes
    writes: bytes

    def copy(self, machine_id: str, mac: str) -> bytes:
        """Return the writes of another machine."""
        return (
            self.writes.replace(self.machine_id, machine_id.encode())
            .replace(_claim(self.mac.decode()).encode(), _claim(mac).encode())
            .replace(self.mac, mac.encode())
        )


@dataclass(frozen=True, kw_only=True)
class _Model:
    """The first machine of a tenant, as the product stored it."""

    machine_id: str
    mac: str
    machine: Document
    claim: Document

    def form(self, *pool_ids: str) -> _Form:
        """Return the form of machines in some pools."""
        machine, claim = Write(update=self.machine), Write(update=self.claim)
        for pool_id in pool_ids:
            machine.update.fields["pool_ids"].array_value.values.add(string_value=pool_id)
        writes = frame(machine) + frame(claim)
        return _Form(machine_id=self.machine_id.encode(), mac=self.mac.encode(), writes=writes)


async def _model(made: Tenant, store: Store, port: int) -> _Model:
    """Register a machine with the product, and set its status to connected, as its agent does."""
    mac = a_mac()
    registration = request("POST", "/api/v1/machines", made.api_key, PROFILE | {"nics": [{"mac": mac}]})
    machine_id = (await ask_json(port, registration))["id"]
    agent = request("PATCH", f"/v1/machines/{machine_id}", made.api_key, {"status": "connected"})
    await ask_json(port, agent)
    return _Model(
        machine_id=machine_id,
        mac=mac,
        machine=await store.get(f"organizations/{made.id}/machines/{machine_id}"),
        claim=await store.get(_claim(mac)),
    )


def _claim(mac: str) -> str:
    return paths.identity(mac_identity(mac))
