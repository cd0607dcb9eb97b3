"""`python -m tests.bench.cold_start`: from the start of a function's process to its first 201."""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from infra.local.topology import ROOT
from tests.bench import proc
from tests.bench.client import ask, request
from tests.bench.served import Backends, Source, archive, emulators, serve
from tests.bench.tenants import a_mac
from tests.functions.machines.bodies import PROFILE

TARGET = 1.25
FLOOR = Source(
    file=Path(__file__).parent / "cold_floor.py", entry_point="cold_floor", path=ROOT, environment={}
)


@dataclass(frozen=True, kw_only=True)
class Start:
    """One start.

    Attributes:
        seconds: until the first 201.
        cpu_seconds: of the process that answered and the one that it was forked from.
    """

    seconds: float
    cpu_seconds: float


async def start(source: Source, backends: Backends, log: Path) -> Start:
    """Start a function, and register a machine as soon as it answers."""
    body = PROFILE | {"nics": [{"mac": a_mac()}]}
    registration = request("POST", "/api/v1/machines", backends.api_key, body)
    began = time.perf_counter()
    async with serve(source, backends.environment, log) as served:
        answer = await ask(served.port, registration)
        seconds = time.perf_counter() - began
        cpu_seconds = proc.cpu_seconds(served.worker) + proc.cpu_seconds(served.master)
    if not answer.startswith(b"HTTP/1.1 201"):
        raise ConnectionError(answer.decode())
    return Start(seconds=seconds, cpu_seconds=cpu_seconds)


async def compare(rounds: int, folder: Path) -> list[tuple[Start, Start]]:
    """Start the product and its floor in turn; each pair in another order."""
    product = archive(folder)["machines"]
    compiled = [sys.executable, "-m", "compileall", "-q", str(product.path)]  # as the buildpack does
    subprocess.run(compiled, check=True)
    log = folder / "functions.log"
    pairs = []
    async with emulators(lambda _name, _line: None) as backends:
        for number in range(rounds + 1):
            sources = [product, FLOOR][:: 1 if number % 2 else -1]
            starts = {source.file: await start(source, backends, log) for source in sources}
            pairs.append((starts[product.file], starts[FLOOR.file]))
    return pairs[1:]  # the first ones read files that the others find in memory


def report(pairs: list[tuple[Start, Start]]) -> str:
    """Put medians, and the median of the pairs' ratios, into lines."""
    lines = [f"{'to the first 201, median':<28}{'product':>10}{'floor':>10}{'ratio':>10}{'target':>10}"]
    kinds: dict[str, Callable[[Start], float]] = {
        "seconds": lambda each: each.seconds,
        "seconds of CPU": lambda each: each.cpu_seconds,
    }
    for name, of in kinds.items():
        product, floor = ([of(pair[side]) for pair in pairs] for side in (0, 1))
        ratio = median(mine / its for mine, its in zip(product, floor, strict=True))
        lines.append(
            f"{name:<28}{median(product):>10.3f}{median(floor):>10.3f}{ratio:>10.2f}{TARGET:>10.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.cold_start", description="Measure cold starts."
    )
    parser.add_argument("--rounds", type=int, default=9, help="starts of each side (default: 9)")
    with tempfile.TemporaryDirectory() as folder:
        pairs = asyncio.run(compare(parser.parse_args().rounds, Path(folder)))
    sys.stdout.write(report(pairs) + "\n")


if __name__ == "__main__":
    main()
