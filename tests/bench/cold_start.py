"""`python -m tests.bench.cold_start`: measure from the start of a function's process to its first 201."""

import asyncio
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from infra import ROOT, os_errors
from infra.api_key import new_api_key
from infra.arguments import Parser, count
from infra.local import provision
from tests import proc
from tests.bench.bench import tell
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
        seconds: the time until the first 201.
        cpu_seconds: the CPU time of the worker and its parent.
    """

    seconds: float
    cpu_seconds: float


async def start(source: Source, backends: Backends, api_key: str, log: Path) -> Start:
    """Start a function, and register a machine as soon as the function responds."""
    body = PROFILE | {"nics": [{"mac": a_mac()}]}
    registration = request("POST", "/api/v1/machines", api_key, body)
    began = time.perf_counter()
    async with serve(source, backends.environment, log) as served:
        await ask(served.port, registration)
        seconds = time.perf_counter() - began
        cpu_seconds = proc.cpu_seconds(served.worker) + proc.cpu_seconds(proc.parent(served.worker))
    return Start(seconds=seconds, cpu_seconds=cpu_seconds)


def built(folder: Path) -> Source:
    """Build the archive, and compile its modules, as the buildpack does."""
    product = archive(folder)["machines"]
    compileall = [sys.executable, "-m", "compileall", "-q", str(product.path)]
    subprocess.run(compileall, check=True)
    return product


async def compare(product: Source, rounds: int, log: Path) -> list[tuple[Start, Start]]:
    """Start the product and its floor in turn; the order alternates between pairs."""
    pairs = []
    async with emulators(lambda _name, _line: None) as backends:
        api_key = new_api_key()
        await provision.store_development_key(backends.firestore, api_key)
        for number in range(rounds + 1):
            tell(f"pair {number} of {rounds}" if number else "a pair that does not count")
            sources = [product, FLOOR][:: 1 if number % 2 else -1]
            starts = {source.file: await start(source, backends, api_key, log) for source in sources}
            pairs.append((starts[product.file], starts[FLOOR.file]))
    return pairs[1:]  # the first pair reads files that the others find in the file cache


def report(pairs: list[tuple[Start, Start]]) -> str:
    """Format the medians, and the median of the pairs' ratios, as a table."""
    lines = [f"{'to the first 201, median':<28}{'product':>10}{'floor':>10}{'ratio':>10}{'target':>10}"]
    for name, figure in (("seconds", "seconds"), ("seconds of CPU", "cpu_seconds")):
        product, floor = ([getattr(pair[side], figure) for pair in pairs] for side in (0, 1))
        ratio = median(mine / its for mine, its in zip(product, floor, strict=True))
        lines.append(f"{name:<28}{median(product):>10.3f}{median(floor):>10.3f}{ratio:>10.2f}{TARGET:>10.2f}")
    return "\n".join(lines)


@os_errors.in_one_line()
def main() -> None:
    """Measure, and print the table."""
    parser = Parser(prog="python -m tests.bench.cold_start", description="Measure cold starts.")
    parser.add_argument("--rounds", type=count, default=9, help="number of starts of each side (default: 9)")
    rounds: int = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        product = built(Path(folder))
        pairs = asyncio.run(compare(product, rounds, Path(folder) / "functions.log"))
    sys.stdout.write(report(pairs) + "\n")


if __name__ == "__main__":
    main()
