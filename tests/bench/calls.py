"""The calls that are measured, with the requests that a client sends."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, cycle

from tests.bench.client import request
from tests.bench.tenants import Size, Tenant, a_mac
from tests.functions.machines.bodies import PROFILE

# The minimum time between two heartbeats that are stored (shared/domain/machines.py).
BEAT = timedelta(seconds=10)
_beats = count()


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of the API.

    Attributes:
        name: the name on the command line and in tables.
        function: the function that serves it.
        tenant: the size of the caller's organization.
        requests: generates a tenant's HTTP requests, until it has nothing left to send.
        target: the minimum share of the floor's throughput.
    """

    name: str
    function: str
    tenant: Size
    requests: Callable[[Tenant], Iterator[bytes]]
    target: float = 0.7


def _registrations(tenant: Tenant, *, keyed: bool) -> Iterator[bytes]:
    while True:
        headers = f"Idempotency-Key: {uuid.uuid4()}\r\n" if keyed else ""
        body = PROFILE | {"nics": [{"mac": a_mac()}]}
        yield request("POST", "/api/v1/machines", tenant.api_key, body, headers)


def _gets(tenant: Tenant) -> Iterator[bytes]:
    for machine_id in cycle(tenant.machines):
        yield request("GET", f"/api/v1/machines/{machine_id}", tenant.api_key)


def _lists(tenant: Tenant, *, path: str) -> Iterator[bytes]:
    while True:
        yield request("GET", path, tenant.api_key)


def _lookups(tenant: Tenant) -> Iterator[bytes]:
    for mac in cycle(tenant.macs):
        yield request("GET", f"/api/v1/machines?mac={mac}", tenant.api_key)


def _heartbeats(tenant: Tenant) -> Iterator[bytes]:
    # In the future, because the floor stores the present time.
    start = datetime.now(UTC) + timedelta(days=1)
    for beat in _beats:
        body = {"last_seen": (start + beat * BEAT).isoformat()}
        for machine_id in tenant.machines:
            yield request("PATCH", f"/v1/machines/{machine_id}", tenant.api_key, body)


def _assignments(tenant: Tenant, *, machines: int) -> Iterator[bytes]:
    for pool_id in cycle(tenant.pools):
        if len(tenant.machines) < machines:
            return
        taken = [tenant.machines.popleft() for _ in range(machines)]
        tenant.assigned.extend(taken)
        yield request("POST", f"/v1/pools/{pool_id}/machines", tenant.api_key, {"machine_ids": taken})


NEWCOMER = Size()
FLEET = Size(machines=999)  # plus the one that they are copies of
SMALL_POOLS = Size(machines=8000, pools=20, members=100)
LARGE_POOL = Size(machines=8000, pools=1, members=50_000)

CALLS = (
    Call(
        name="registration",
        function="machines",
        tenant=NEWCOMER,
        requests=partial(_registrations, keyed=False),
        target=0.8,
    ),
    Call(
        name="registration-with-key",
        function="machines",
        tenant=NEWCOMER,
        requests=partial(_registrations, keyed=True),
    ),
    Call(name="get", function="machines", tenant=FLEET, requests=_gets),
    Call(
        name="list-100",
        function="machines",
        tenant=FLEET,
        requests=partial(_lists, path="/api/v1/machines?per_page=100"),
    ),
    Call(
        name="list-100-items",
        function="machines",
        tenant=FLEET,
        requests=partial(_lists, path="/v1/machines?limit=100"),
    ),
    Call(name="lookup-by-mac", function="machines", tenant=FLEET, requests=_lookups),
    Call(name="heartbeat", function="machines", tenant=FLEET, requests=_heartbeats),
    *(
        Call(
            name=f"assign-{machines}-to-{size.members}",
            function="pools",
            tenant=size,
            requests=partial(_assignments, machines=machines),
        )
        for size in (SMALL_POOLS, LARGE_POOL)
        for machines in (1, 100)
    ),
)
