"""`python -m tests.bench.growth`: measure each call in fleets of 1,000, 10,000 and 100,000 machines."""

import asyncio
import json
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from infra import ROOT, os_errors
from infra.arguments import Parser
from tests import proc
from tests.bench.bench import Bench, bench, tell
from tests.bench.client import UnavailableError, ask, ask_json, drive, request
from tests.bench.growth_report import Growth, Point, draw, table
from tests.bench.served import Served
from tests.bench.tenants import Size, Tenant, a_mac, tenant
from tests.functions.machines.bodies import PROFILE

SIZES = (1_000, 10_000, 100_000)
FOLDER = ROOT / ".local" / "bench"
LEAST = 1_000  # enough machines for the calls that delete or assign some
TIMEOUT = 300.0  # seconds, for the emulator to create the indexes of a large fleet
MEMBERS = 100  # of the tenant's pool
_names = count()

Request = tuple[str, str, object]
"""A method, a path, and a body or None."""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """An organization with a given number of machines.

    Attributes:
        tenant: the organization.
        page_token: the token in the fifth page of 100 machines, for the sixth.
    """

    tenant: Tenant
    page_token: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call whose cost must not depend on the fleet's size.

    Attributes:
        name: the name for people.
        make: makes a request; requests that change something differ each time.
        function: the function that serves it.
        events: the number of events that it publishes.
        repetitions: the number of measurements in a fleet.
    """

    name: str
    make: Callable[[Fleet], Request]
    function: str = "machines"
    events: int = 0
    repetitions: int = 20


def _profile() -> dict[str, object]:
    return PROFILE | {"nics": [{"mac": a_mac()}]}


def _agent() -> dict[str, str]:
    return {"fingerprint": uuid.uuid4().hex, "unkey_key_id": "key"}


def _heartbeat(fleet: Fleet) -> Request:
    seen = datetime.now(UTC) + timedelta(seconds=20 * next(_names))
    return "PATCH", f"/v1/machines/{fleet.tenant.machines[1]}", {"last_seen": seen.isoformat()}


def _assignment(machines: int) -> Callable[[Fleet], Request]:
    def make(fleet: Fleet) -> Request:
        taken = [fleet.tenant.machines.pop() for _ in range(machines)]
        fleet.tenant.assigned.extend(taken)
        return "POST", f"/v1/pools/{fleet.tenant.pools[0]}/machines", {"machine_ids": taken}

    return make


def _getting(path: str) -> Callable[[Fleet], Request]:
    """Make GET requests of a path, in which placeholders are replaced with ids from the fleet."""

    def make(fleet: Fleet) -> Request:
        tenant = fleet.tenant
        filled = path.format(
            machine=tenant.machines[0], mac=tenant.macs[0], pool=tenant.pools[0], token=fleet.page_token
        )
        return "GET", filled, None

    return make


CALLS = (
    Call(name="register", make=lambda _: ("POST", "/api/v1/machines", _profile()), events=1),
    Call(name="register by fingerprint", make=lambda _: ("POST", "/v1/machines", _agent()), events=1),
    Call(
        name="replace",
        make=lambda fleet: ("PUT", f"/api/v1/machines/{fleet.tenant.machines.pop()}", _profile()),
        events=1,
    ),
    Call(
        name="patch",
        make=lambda fleet: (
            "PATCH",
            f"/v1/machines/{fleet.tenant.machines[1]}",
            {"hostname": f"{next(_names)}.example.com"},
        ),
        events=1,
    ),
    Call(name="heartbeat", make=_heartbeat),
    Call(
        name="delete",
        make=lambda fleet: ("DELETE", f"/api/v1/machines/{fleet.tenant.machines.pop()}", None),
        events=1,
    ),
    Call(name="get", make=_getting("/api/v1/machines/{machine}")),
    Call(name="get with pools", make=_getting("/v1/machines/{machine}?include=pools")),
    Call(name="look up by MAC", make=_getting("/api/v1/machines?mac={mac}")),
    Call(name="list 100", make=_getting("/api/v1/machines?per_page=100")),
    Call(name="list page 3 of 100", make=_getting("/api/v1/machines?page=3&per_page=100")),
    Call(name="list 100 by token", make=_getting("/api/v1/machines?per_page=100&page_token={token}")),
    Call(name="list 100 items", make=_getting("/v1/machines?limit=100")),
    Call(name="list a pool's 100", make=_getting("/v1/machines?pool_id={pool}&limit=100")),
    Call(name="list 100 by status", make=_getting("/v1/machines?status=connected&limit=100")),
    Call(name="search, all found", make=_getting("/v1/machines?search=-7&limit=100")),
    Call(name="search, one found", make=_getting("/v1/machines?search=needle&limit=100")),
    Call(name="search, none found", make=_getting("/v1/machines?search=haystack&limit=100")),
    Call(name="assign 1", make=_assignment(1), function="pools", events=1),
    Call(name="assign 100", make=_assignment(100), function="pools", events=1, repetitions=4),
    Call(name="get a pool", make=_getting("/v1/pools/{pool}"), function="pools"),
    Call(
        name="get a pool's machines",
        make=_getting("/v1/pools/{pool}?include_machines=true"),
        function="pools",
    ),
    Call(name="list pools", make=_getting("/v1/pools"), function="pools"),
    Call(name="a machine's pools", make=_getting("/v1/machines/{machine}/pools"), function="pools"),
)


async def measure(sizes: Sequence[int], folder: Path) -> Growth:
    """Measure every call in fleets of these sizes, each of its own organization, in one database."""
    points: dict[str, dict[int, Point]] = {call.name: {} for call in CALLS}
    async with (
        bench(folder, tell) as made,
        made.product("machines") as machines,
        made.product("pools") as pools,
    ):
        served = {"machines": machines, "pools": pools}
        ports = {name: each.port for name, each in served.items()}
        for machines_each in sizes:
            tell(f"{machines_each:,} machines")
            size = Size(machines=machines_each, pools=1, members=MEMBERS)
            fleet = await _fleet(
                await tenant(
                    f"tenant-{machines_each}", size, backends=made.backends, store=made.store, ports=ports
                ),
                machines.port,
            )
            await proc.idle(made.backends.firestore_pid)  # until its indexes are up to date
            for call in CALLS:
                points[call.name][machines_each] = await _point(made, served[call.function], call, fleet)
    return Growth(sizes=sizes, points=points)


async def _fleet(made: Tenant, port: int) -> Fleet:
    """Register the machine that searches look for, and get a page token."""
    needle = _profile() | {"hostname": "needle.example.com"}
    await ask(port, request("POST", "/api/v1/machines", made.api_key, needle))
    page = await _patiently(port, request("GET", "/api/v1/machines?page=5&per_page=100", made.api_key))
    return Fleet(tenant=made, page_token=page["pagination"]["next_page_token"])


async def _patiently(port: int, sent: bytes) -> dict[str, Any]:
    """Repeat a request while the response is 503."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            try:
                return await ask_json(port, sent)
            except UnavailableError:
                continue


async def _point(made: Bench, served: Served, call: Call, fleet: Fleet) -> Point:
    requests = _requests(call, fleet)
    # With the first requests, the emulator can create an index, and the function a connection.
    await drive(served.port, islice(requests, 3), connections=1, seconds=60)
    before = proc.cpu_seconds(served.worker)
    measured = await drive(served.port, islice(requests, call.repetitions), connections=1, seconds=60)
    cpu_seconds = proc.cpu_seconds(served.worker) - before
    await made.meter.quiet()
    cost = await made.meter.cost(ask(served.port, next(requests)), dropped=call.events)
    await fleet.tenant.release(made.store)
    return Point(
        milliseconds=median(measured.latencies) * 1000,
        cpu_milliseconds=cpu_seconds * 1000 / len(measured.latencies),
        rpcs=cost.rpcs,
        billed=Counter({name: number for name, number in cost.billed.items() if number}),
    )


def _requests(call: Call, fleet: Fleet) -> Iterator[bytes]:
    while True:
        method, path, body = call.make(fleet)
        yield request(method, path, fleet.tenant.api_key, body)


@os_errors.in_one_line()
def main() -> None:
    """Measure, print and store the table and the plot; exit with 1 if a call's cost depends on the fleet."""
    parser = Parser(prog="python -m tests.bench.growth", description="Measure calls in growing fleets.")
    parser.add_argument("--machines", type=int, action="append", help="default: 1,000, 10,000 and 100,000")
    sizes = parser.parse_args().machines or SIZES
    if min(sizes) < LEAST:
        parser.error(f"--machines must be at least {LEAST:,}")
    FOLDER.mkdir(parents=True, exist_ok=True)  # if that is not possible, fail before the minutes of measuring
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        growth = runner.run(measure(sizes, Path(folder)))
    shown = table(growth)
    (FOLDER / "growth.md").write_text(shown)
    (FOLDER / "growth.json").write_text(json.dumps(growth.as_json(), indent=2))
    draw(growth, FOLDER / "growth.png")
    sys.stdout.write(shown)
    sys.exit(1 if growth.growing() else 0)


if __name__ == "__main__":
    main()
