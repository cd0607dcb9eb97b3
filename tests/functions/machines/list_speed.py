"""Measure each kind of list among many machines, with the CPU time of each process.

    python -m tests.functions.machines.list_speed --machines 100000 --data /tmp/fleet

It prints a line of JSON for each kind: the time of the first request, the median of the later times, and the
mean CPU time of each process, in milliseconds; and the number of documents read. Before, it waits until the
emulator's indexes are up to date.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path

import httpx

from tests import proc
from tests.control import Control
from tests.functions.machines import fleet
from tests.google_clients import firestore_client
from tests.plain_http import NO_AUTHORITIES
from tests.stack import Organization, RunningStack, organization, running_stack

ORGANIZATION = "fleet"
POOLS = tuple(f"00000000-0000-4000-8000-00000000000{number}" for number in range(3))
PROCESSES = ("function", "gateway", "emulator")
ITEMS, PROFILES = "/v1/machines", "/api/v1/machines"


def kinds(machines: int, pools: Sequence[str]) -> dict[str, tuple[str, Sequence[tuple[str, str]]]]:
    """Return the kinds of list requests for a fleet of this size with these pools: paths and parameters."""
    middle = fleet.START + timedelta(minutes=machines / 2)
    labels = [("label", "tier=db"), ("label", "example.com/rack"), ("label", "!spot")]
    dates = [("created_at_from", fleet.START.isoformat()), ("created_at_to", middle.isoformat())]
    every = [("search", "example.com"), ("status", "connected"), ("pool_id", pools[0]), *dates, *labels]
    return {
        "page": (PROFILES, []),
        "page of 100": (PROFILES, [("per_page", "100")]),
        "page in the middle": (PROFILES, [("page", str(machines // 40))]),
        "last page": (PROFILES, [("page", str(machines // 20))]),
        "page by labels": (PROFILES, labels),
        "items": (ITEMS, []),
        "1000 items": (ITEMS, [("limit", "1000")]),
        "1000 items with their pools": (ITEMS, [("limit", "1000"), ("include", "pools")]),
        "1000 items of a search": (ITEMS, [("limit", "1000"), ("search", "example.com")]),
        "last items": (ITEMS, [("skip", str(machines - 100))]),
        "search that most match": (ITEMS, [("search", "example.com")]),
        "last items of a search": (ITEMS, [("search", "example.com"), ("skip", str(machines * 8 // 10))]),
        "search for a few": (ITEMS, [("search", "rack-07.example")]),
        "search of one character": (ITEMS, [("search", "e")]),
        "search that none match": (ITEMS, [("search", "example.org")]),
        "search of 48 characters": (ITEMS, [("search", "x" * 48)]),
        "search of 255 characters": (ITEMS, [("search", "x" * 255)]),
        "status": (ITEMS, [("status", "connected")]),
        "name": (ITEMS, [("name", "Node-07-a")]),
        "pool": (ITEMS, [("pool_id", pools[1])]),
        "dates": (ITEMS, dates),
        "label": (ITEMS, [("label", "tier=db")]),
        "absent label": (ITEMS, [("label", "!spot")]),
        "three labels": (ITEMS, labels),
        "every filter": (ITEMS, every),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.functions.machines.list_speed")
    parser.add_argument("--machines", type=int, default=100_000, help="number of machines")
    parser.add_argument("--repeats", type=int, default=9, help="number of requests for each list")
    parser.add_argument("--kind", help="only the kinds whose names contain this text", default="")
    parser.add_argument("--data", type=Path, help="keep the machines in this folder for later runs")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder) / "data"
        with running_stack(Path(folder) / "state", "--data", str(data)) as stack:
            asyncio.run(_measure_all(stack, arguments))


async def _measure_all(stack: RunningStack, arguments: argparse.Namespace) -> None:
    organization = _organization(stack)
    async with (
        httpx.AsyncClient(
            base_url=stack.gateway, headers=organization.headers, timeout=900, verify=NO_AUTHORITIES
        ) as http,
        Control.of(stack.firestore_control, stack.project) as control,
    ):
        await _fill(stack, http, arguments.machines)
        await proc.idle(stack.pids["firestore"])
        for name, (path, parameters) in kinds(arguments.machines, POOLS).items():
            if arguments.kind in name:
                request = http.build_request("GET", path, params=httpx.QueryParams(list(parameters)))
                figures = await _measure(stack, http, control, request, arguments.repeats)
                print(json.dumps({"kind": name} | figures), flush=True)  # noqa: T201 - the output


async def _fill(stack: RunningStack, http: httpx.AsyncClient, machines: int) -> None:
    if (await http.get(f"/v1/pools/{POOLS[0]}")).status_code == HTTPStatus.NOT_FOUND:
        await fleet.store(stack, fleet.make(ORGANIZATION, machines, pools=POOLS))
        await fleet.store_pools(stack, ORGANIZATION, POOLS)


async def _measure(
    stack: RunningStack, http: httpx.AsyncClient, control: Control, request: httpx.Request, repeats: int
) -> dict[str, float]:
    started = time.perf_counter()
    (await http.send(request)).raise_for_status()
    first = (time.perf_counter() - started) * 1000
    wall: list[float] = []
    cpu: dict[str, list[float]] = {process: [] for process in PROCESSES}
    for _ in range(repeats):
        before, started = _cpu_ms(stack.pids), time.perf_counter()
        response = await http.send(request)
        wall.append((time.perf_counter() - started) * 1000)
        assert response.status_code == 200, response.text
        for process, used in _cpu_ms(stack.pids).items():
            cpu[process].append(used - before[process])
    reads = await control.reads_of(partial(http.send, request))
    figures = {"first": first, "wall": statistics.median(wall)}
    figures |= {process: statistics.mean(used) for process, used in cpu.items()}
    return {name: round(figure, 1) for name, figure in figures.items()} | {"reads": reads}


def _cpu_ms(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the CPU time of each process in milliseconds, from /proc."""
    function, gateway, emulator = pids["machines"], pids["stack"], pids["firestore"]
    return {
        "function": sum(map(proc.cpu_seconds, proc.children(function))) * 1000,
        "gateway": proc.cpu_seconds(gateway) * 1000,
        "emulator": proc.cpu_seconds(emulator) * 1000,
    }


def _organization(stack: RunningStack) -> Organization:
    with firestore_client(stack.firestore_emulator_host, stack.project) as store:
        return organization(store, ORGANIZATION)


if __name__ == "__main__":
    main()
