"""The floor is fair: it sends the same RPCs as the product, in the same order and as concurrently."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

import pytest

from infra import ROOT
from infra.local import topology
from tests.bench.bench import FLOOR, Bench
from tests.bench.calls import CALLS
from tests.bench.recording import SAMPLES, record
from tests.bench.script import Script, Template, save
from tests.bench.served import Backends, Source
from tests.bench.store import Store
from tests.bench.tenants import Size, tenant
from tests.meter import Meter
from tests.stack import RunningStack

# It reads in a transaction, commits a change that depends on this, and then makes three calls at once.
ASSIGNMENT = next(call for call in CALLS if call.name == "assign-1-to-100")
POOLS = topology.load(topology.DEFAULT_FILE).functions["pools"]

Stage = dict[str, float]


def rpcs(scripts: Sequence[Script]) -> list[Stage]:
    """Return the RPCs of each stage, with the mean size of their requests without ids, in bytes."""
    return [_mean(stages) for stages in zip(*(script.stages for script in scripts), strict=True)]


def _mean(stages: Sequence[Sequence[Template]]) -> Stage:
    sent = [{rpc.method: sum(map(len, rpc.pieces)) for rpc in stage} for stage in stages]
    return {method: mean(sizes[method] for sizes in sent) for method in sent[0]}


async def test_the_floor_makes_the_same_rpcs_with_as_many_bytes(stack: RunningStack, tmp_path: Path) -> None:
    backends = Backends.of(stack)
    scripts = tmp_path / "scripts.json"
    functions = {
        "pools": Source(
            file=POOLS.source, entry_point=POOLS.entry_point, path=ROOT, environment=POOLS.environment
        ),
        "floor": replace(FLOOR, environment={"FLOOR_SCRIPTS": str(scripts)}),
    }
    ports = {name: int(url.rpartition(":")[2]) for name, url in stack.functions.items()}
    async with Store.at(backends.firestore, backends.project) as store:
        bench = Bench(
            functions=functions,
            backends=backends,
            store=store,
            meter=Meter(backends, store),
            folder=tmp_path,
            progress=print,
        )
        size = Size(machines=2 * SAMPLES + 2, pools=1, members=100)
        caller = await tenant(f"tenant-{uuid.uuid4()}", size, backends=backends, store=store, ports=ports)
        product = await record(bench, ASSIGNMENT, caller)
        save(product, scripts)
        floor = await record(bench, replace(ASSIGNMENT, function="floor"), caller)

    # The serialized lengths of times differ by a few bytes.
    assert rpcs(floor) == [pytest.approx(stage, abs=8) for stage in rpcs(product)]
    assert {script.size for script in floor} <= {script.size for script in product}
