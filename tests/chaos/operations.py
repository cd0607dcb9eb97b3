"""The clients' operations, in a table with weights. To cover a new call of the API, add a row.

Each client has its own machines, which no other client changes. So a response that only another client's
change could explain is a fault. Most changes contain a unique name, by which their event is found.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.chaos.client import Change, Client

PROFILES = "/api/v1/machines"
MACHINES = "/v1/machines"
POOLS = "/v1/pools"
# The number of MAC addresses and of fingerprints that all clients use.
CONTESTED = 12
MAX_POOLS = 30
# The number of heartbeats that a client sends at once.
HEARTBEATS = 8


@dataclass
class OwnMachine:
    """A machine as its only client knows it; `last_seen` is None before the first response that shows it."""

    id: str
    mac: str | None
    name: str
    last_seen: str | None = None


@dataclass
class Fleet:
    """The machines and pools that the clients of one organization share."""

    pools: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)


@dataclass
class Actor:
    """One client, its own machines, and the shared ones."""

    client: Client
    fleet: Fleet
    number: int
    own: list[OwnMachine] = field(default_factory=list)
    _macs: int = 0

    @property
    def chance(self) -> random.Random:
        """The client's random generator."""
        return self.client.chance

    def new_mac(self) -> str:
        """Return a MAC address that is unique among all clients (locally administered)."""
        self._macs += 1
        return f"02:{self.number:02x}:00:00:{self._macs >> 8:02x}:{self._macs & 255:02x}"

    def contested_mac(self) -> str:
        """Return a MAC address that other clients use too."""
        return f"02:ff:ff:ff:ff:{self.chance.randrange(CONTESTED):02x}"

    async def ask(  # noqa: PLR0913 - the parts of a request
        self,
        operation: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        allowed: set[int],
        headers: dict[str, str] | None = None,
    ) -> httpx.Response | None:
        """Request a change; any status that is not allowed is a fault of the service."""
        change = Change(
            operation=operation,
            method=method,
            path=path,
            body=body,
            headers=headers or {},
            allowed=frozenset(allowed),
        )
        return await self.client.ask(change)

    def changed(self, machine: OwnMachine, name: str, response: httpx.Response | None) -> None:
        """Record an own machine's name and `last_seen`; without a response, forget the machine."""
        if response is None:
            self.own.remove(machine)
        elif response.status_code == 200:
            machine.name, machine.last_seen = name, response.json()["last_seen"]

    def some_own(self) -> OwnMachine | None:
        """Choose one of the client's own machines."""
        return self.chance.choice(self.own) if self.own else None

    def some_pool(self) -> str | None:
        """Choose a pool, which other clients can delete at any time."""
        return self.chance.choice(self.fleet.pools) if self.fleet.pools else None

    def some_machines(self) -> list[str]:
        """Choose from the client's own and the shared machines."""
        known = [machine.id for machine in self.own] + self.fleet.shared
        return self.chance.sample(known, min(len(known), self.chance.randint(1, 4)))


async def register(actor: Actor) -> None:
    """Register a machine that only this client uses."""
    token, mac = actor.client.token(), actor.new_mac()
    body = {
        "name": token,
        "nics": [{"mac": mac}],
        "labels": {"by": "chaos"},
        "drives": [{"capacity": 10**12}],
    }
    response = await actor.ask("register", "POST", PROFILES, body, allowed={201})
    if response is not None and response.status_code == 201:
        actor.own.append(OwnMachine(response.json()["id"], mac, token))


async def register_contested(actor: Actor) -> None:
    """Register a machine with a MAC address that other clients use too."""
    body = {"name": actor.client.token(), "nics": [{"mac": actor.new_mac()}, {"mac": actor.contested_mac()}]}
    response = await actor.ask("register contested", "POST", PROFILES, body, allowed={201, 409})
    if response is not None and response.status_code == 201:
        actor.fleet.shared.append(response.json()["id"])


async def register_by_fingerprint(actor: Actor) -> None:
    """Register a machine by its fingerprint, which other clients may use too."""
    token = actor.client.token()
    contested = actor.chance.random() < 0.5
    fingerprint = f"contested-{actor.chance.randrange(CONTESTED)}" if contested else f"print-{token}"
    body = {"fingerprint": fingerprint, "unkey_key_id": "agent", "name": token}
    allowed = {201, 409} if contested else {201}
    response = await actor.ask("register by fingerprint", "POST", MACHINES, body, allowed=allowed)
    if response is None or response.status_code != 201:
        return
    if contested:
        actor.fleet.shared.append(response.json()["id"])
    else:
        actor.own.append(OwnMachine(response.json()["id"], None, token))


async def replace(actor: Actor) -> None:
    """Replace the profile of an own machine: keep one MAC address, and add a new one."""
    machine = actor.some_own()
    if machine is None:
        return
    token = actor.client.token()
    machine.mac = machine.mac or actor.new_mac()
    body = {"name": token, "nics": [{"mac": machine.mac}, {"mac": actor.new_mac()}]}
    response = await actor.ask("replace", "PUT", f"{PROFILES}/{machine.id}", body, allowed={200})
    actor.changed(machine, token, response)


async def replace_shared(actor: Actor) -> None:
    """Replace the profile of a shared machine; some requests have an If-Match with a random version."""
    if not actor.fleet.shared:
        return
    machine_id = actor.chance.choice(actor.fleet.shared)
    headers = {"If-Match": f'"{actor.chance.randint(1, 4)}"'} if actor.chance.random() < 0.3 else {}
    body = {"name": actor.client.token(), "nics": [{"mac": actor.contested_mac()}]}
    await actor.ask(
        "replace shared",
        "PUT",
        f"{PROFILES}/{machine_id}",
        body,
        allowed={200, 404, 409, 412},
        headers=headers,
    )


async def patch(actor: Actor) -> None:
    """Change some fields of an own machine."""
    machine = actor.some_own()
    if machine is None:
        return
    token = actor.client.token()
    body: dict[str, Any] = {"name": token, "status": actor.chance.choice(["connected", "error"])}
    response = await actor.ask("patch", "PATCH", f"{MACHINES}/{machine.id}", body, allowed={200})
    actor.changed(machine, token, response)


async def heartbeats(actor: Actor) -> None:
    """Send heartbeats of own machines at once, with times of the last hour: most are written."""

    async def heartbeat(machine: OwnMachine) -> None:
        time = datetime.now(UTC) - timedelta(seconds=actor.chance.uniform(0, 3600))
        body = {"last_seen": time.isoformat()}
        response = await actor.ask("heartbeat", "PATCH", f"{MACHINES}/{machine.id}", body, allowed={200})
        actor.changed(machine, machine.name, response)

    some = actor.chance.sample(actor.own, min(len(actor.own), HEARTBEATS))
    await asyncio.gather(*(heartbeat(machine) for machine in some))


async def delete(actor: Actor) -> None:
    """Delete an own machine."""
    machine = actor.some_own()
    if machine is not None:
        actor.own.remove(machine)
        path = f"{actor.chance.choice([PROFILES, MACHINES])}/{machine.id}"
        await actor.ask("delete", "DELETE", path, allowed={204})


async def delete_shared(actor: Actor) -> None:
    """Delete a shared machine, which frees its contested MAC address or fingerprint."""
    if actor.fleet.shared:
        machine_id = actor.chance.choice(actor.fleet.shared)
        response = await actor.ask("delete shared", "DELETE", f"{PROFILES}/{machine_id}", allowed={204, 404})
        if response is not None and machine_id in actor.fleet.shared:
            actor.fleet.shared.remove(machine_id)


async def read_own(actor: Actor) -> None:
    """Check that an own machine is as its last change left it."""
    machine = actor.some_own()
    if machine is None:
        return
    response = await actor.client.read(f"{PROFILES}/{machine.id}")
    shown = response.json() if response.status_code == 200 else {}
    if shown.get("name") != machine.name or machine.last_seen not in (None, shown.get("last_seen")):
        actor.client.ledger.complaints.append(
            f"read: machine {machine.id} should be {machine.name}, last seen {machine.last_seen}: "
            f"{response.status_code} {response.text}"
        )


async def create_pool(actor: Actor) -> None:
    """Create a pool."""
    if len(actor.fleet.pools) < MAX_POOLS:
        body = {"name": actor.client.token(), "pool_parameters": {"by": "chaos"}}
        response = await actor.ask("create pool", "POST", POOLS, body, allowed={201})
        if response is not None and response.status_code == 201:
            actor.fleet.pools.append(response.json()["id"])


async def update_pool(actor: Actor) -> None:
    """Rename a pool, which other clients can delete at any time."""
    if pool := actor.some_pool():
        body = {"name": actor.client.token()}
        await actor.ask("update pool", "PATCH", f"{POOLS}/{pool}", body, allowed={200, 404})


async def delete_pool(actor: Actor) -> None:
    """Delete a pool, with the machines that are in it or that are just being added."""
    if pool := actor.some_pool():
        response = await actor.ask("delete pool", "DELETE", f"{POOLS}/{pool}", allowed={204, 404})
        if response is not None and pool in actor.fleet.pools:
            actor.fleet.pools.remove(pool)


async def add_machines(actor: Actor) -> None:
    """Assign machines to a pool."""
    pool, machines = actor.some_pool(), actor.some_machines()
    if pool and machines:
        body = {"machine_ids": machines}
        path = f"{POOLS}/{pool}/machines"
        await actor.ask("add to pool", "POST", path, body, allowed={200, 404})


async def remove_machines(actor: Actor) -> None:
    """Remove machines from a pool."""
    pool, machines = actor.some_pool(), actor.some_machines()
    if pool and machines:
        body = {"machine_ids": machines}
        method, path = actor.chance.choice(
            [("DELETE", f"{POOLS}/{pool}/machines"), ("POST", f"{POOLS}/{pool}/machines/remove")]
        )
        await actor.ask("remove from pool", method, path, body, allowed={204, 404})


async def set_pools(actor: Actor) -> None:
    """Set the pools of an own machine."""
    machine = actor.some_own()
    if machine is not None:
        pools = actor.chance.sample(
            actor.fleet.pools, min(len(actor.fleet.pools), actor.chance.randint(0, 3))
        )
        path = f"{MACHINES}/{machine.id}/pools"
        await actor.ask("set pools", "PUT", path, {"pool_ids": pools}, allowed={200, 404})


OPERATIONS: dict[Callable[[Actor], Awaitable[None]], int] = {
    register: 14,
    register_contested: 8,
    register_by_fingerprint: 8,
    replace: 8,
    replace_shared: 8,
    patch: 8,
    heartbeats: 4,
    delete: 5,
    delete_shared: 5,
    read_own: 6,
    create_pool: 4,
    update_pool: 3,
    delete_pool: 2,
    add_machines: 10,
    remove_machines: 4,
    set_pools: 3,
}
