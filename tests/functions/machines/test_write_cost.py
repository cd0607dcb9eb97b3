"""The exact cost of each write of a machine, except those that `make bench` measures.

It is counted in a separate project without topics. So events stay in the outbox, and there are no operations
to delete them.
"""

import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from infra.local.fork_server import ForkServer
from tests.control import Control
from tests.functions.lone_function import running_function
from tests.functions.lone_project import lone_project
from tests.functions.machines.agents import AGENTS, a_registration, parse_time, patched, registered
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.machines.expectations import PATH, created
from tests.stack import RunningStack

A_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Billed operations, and the RPCs for them."""

    reads: int = 0
    writes: int = 0
    deletes: int = 0
    commits: int = 1


@dataclass(frozen=True)
class Quiet:
    """A machines function in a project where nothing else happens."""

    machines: MachinesApi
    control: Control

    async def cost(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Cost:
        """Make a call, and return its cost."""
        before = await self._counted()
        response = await self.machines.call(method, path, body, headers)
        assert response.is_success, response.text
        after = await self._counted()
        return Cost(**{name: after[name] - before[name] for name in after})

    async def _counted(self) -> dict[str, int]:
        counted = {unit: await self.control.billed(unit) for unit in ("reads", "writes", "deletes")}
        return counted | {"commits": (await self.control.rpcs())["Commit"]}


@pytest.fixture(scope="module")
async def quiet(stack: RunningStack, fork_server: ForkServer) -> AsyncIterator[Quiet]:
    async with (
        lone_project(stack) as project,
        running_function(fork_server, "machines", project.environment) as function,
    ):
        machines = MachinesApi(http=function.http, organization=project.organization, store=project.store)
        await registered(machines)  # now the function has cached the caller's key
        yield Quiet(machines, project.control)


async def a_heartbeat(quiet: Quiet) -> tuple[str, datetime]:
    """Register a machine; return its path, and a time at which a heartbeat is stored."""
    machine = await registered(quiet.machines)
    return f"{AGENTS}/{machine['id']}", parse_time(machine["last_seen"]) + timedelta(seconds=10)


async def test_a_heartbeat_that_repeats_the_status_costs_no_more(quiet: Quiet) -> None:
    path, time = await a_heartbeat(quiet)
    await quiet.cost("PATCH", path, {"status": "connected"})

    beat = {"last_seen": (time + A_DAY).isoformat(), "status": "connected"}
    assert Cost(reads=1, writes=1) == await quiet.cost("PATCH", path, beat)


async def test_a_heartbeat_too_soon_is_one_read(quiet: Quiet) -> None:
    path, time = await a_heartbeat(quiet)
    soon = time - timedelta(microseconds=1)

    assert Cost(reads=1, commits=0) == await quiet.cost("PATCH", path, {"last_seen": soon.isoformat()})


async def test_a_heartbeat_with_an_idempotency_key_is_one_write_more(quiet: Quiet) -> None:
    path, time = await a_heartbeat(quiet)
    key = {"Idempotency-Key": str(uuid.uuid4())}

    assert Cost(reads=1, writes=2) == await quiet.cost("PATCH", path, {"last_seen": time.isoformat()}, key)


@pytest.mark.parametrize(("keyed", "records"), [(False, 0), (True, 1)], ids=["no key", "key"])
@pytest.mark.parametrize("change", [{"status": "error"}, {"name": "other", "is_available": False}], ids=str)
async def test_a_patch_is_one_read_and_writes_the_machine_and_its_event(
    quiet: Quiet, change: dict[str, object], *, keyed: bool, records: int
) -> None:
    path, _ = await a_heartbeat(quiet)
    headers = {"Idempotency-Key": str(uuid.uuid4())} if keyed else {}

    assert Cost(reads=1, writes=2 + records) == await quiet.cost("PATCH", path, change, headers)


async def test_a_patch_that_changes_nothing_is_one_read(quiet: Quiet) -> None:
    machine = await registered(quiet.machines, name="same")

    cost = await quiet.cost("PATCH", f"{AGENTS}/{machine['id']}", {"name": "same", "is_available": True})

    assert Cost(reads=1, commits=0) == cost


async def test_a_registration_by_fingerprint_writes_machine_claim_and_event(quiet: Quiet) -> None:
    assert Cost(writes=3) == await quiet.cost("POST", AGENTS, a_registration())


async def test_a_replacement_writes_the_machine_its_event_and_the_claims_that_change(quiet: Quiet) -> None:
    kept, freed, taken = a_mac(), a_mac(), a_mac()
    machine_id = created(await quiet.machines.register(a_body(nics=[{"mac": kept}, {"mac": freed}])))

    cost = await quiet.cost("PUT", f"{PATH}/{machine_id}", a_body(nics=[{"mac": taken}, {"mac": kept}]))

    assert Cost(reads=1, writes=3, deletes=1) == cost


async def test_a_replacement_by_the_same_is_one_read(quiet: Quiet) -> None:
    body = a_body()
    machine_id = created(await quiet.machines.register(body))

    assert Cost(reads=1, commits=0) == await quiet.cost("PUT", f"{PATH}/{machine_id}", body)


@pytest.mark.parametrize("family", [PATH, AGENTS])
async def test_a_deletion_deletes_the_machine_and_its_claims_and_writes_its_event(
    quiet: Quiet, family: str
) -> None:
    machine = await registered(quiet.machines)
    await patched(quiet.machines, machine["id"], {"name": "other"})
    await quiet.cost("PUT", f"{PATH}/{machine['id']}", a_body(nics=[{"mac": a_mac()}, {"mac": a_mac()}]))

    assert Cost(reads=1, writes=1, deletes=4) == await quiet.cost("DELETE", f"{family}/{machine['id']}")


async def test_a_deletion_reads_the_machines_pools_and_writes_an_event_for_each(quiet: Quiet) -> None:
    machine = await registered(quiet.machines)
    pools = [str(uuid.uuid4()) for _ in range(3)]
    organization = quiet.machines.store.document("organizations", quiet.machines.organization.id)
    for pool_id in pools[:2]:
        pool = {"id": pool_id, "organization_id": organization.id, "version": 1, "name": "pool"}
        organization.collection("pools").document(pool_id).set(pool)
    organization.collection("machines").document(machine["id"]).update({"pool_ids": pools})

    # The third pool is deleted: it gets no event, but the read of a missing document is billed too.
    assert Cost(reads=4, writes=3, deletes=2) == await quiet.cost("DELETE", f"{AGENTS}/{machine['id']}")
