"""The environment of a benchmark: the archive's functions, the floor, and the emulators with their data."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from infra import ROOT
from tests import proc
from tests.bench.served import Backends, Served, Source, archive, emulators, serve
from tests.bench.store import Store
from tests.bench.tenants import Size, Tenant, tenant
from tests.meter import Meter

FLOOR = Source(file=Path(__file__).parent / "floor.py", entry_point="floor", path=ROOT, environment={})

Progress = Callable[[str], None]
"""Reports progress to people."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The environment of a run.

    Attributes:
        functions: the product's functions, by name.
        backends: the emulators.
        store: the Firestore emulator's documents.
        meter: the emulators' counters.
        folder: the folder for logs and scripts.
        progress: reports progress to people.
    """

    functions: Mapping[str, Source]
    backends: Backends
    store: Store
    meter: Meter
    folder: Path
    progress: Progress

    @property
    def log(self) -> Path:
        """The file for the functions' output."""
        return self.folder / "functions.log"

    @asynccontextmanager
    async def product(
        self, function: str, environment: Mapping[str, str] = MappingProxyType({})
    ) -> AsyncIterator[Served]:
        """Serve a function of the product."""
        environment = {**self.backends.environment, **environment}
        async with self._served(self.functions[function], environment) as served:
            yield served

    @asynccontextmanager
    async def floor(self, scripts: Path) -> AsyncIterator[Served]:
        """Serve the floor with the scripts in a file, in the same way."""
        environment = {**self.backends.environment, "FLOOR_SCRIPTS": str(scripts)}
        async with self._served(FLOOR, environment) as served:
            yield served

    @asynccontextmanager
    async def _served(self, source: Source, environment: Mapping[str, str]) -> AsyncIterator[Served]:
        async with serve(source, environment, self.log) as served:
            yield served
        await self.store.clear("outbox")  # published events that it had not yet deleted

    async def tenants(self, sizes: Sequence[Size]) -> dict[Size, Tenant]:
        """Create an organization of each size, and wait until all machines are in the emulator's indexes."""
        made = {}
        async with self.product("machines") as machines, self.product("pools") as pools:
            ports = {"machines": machines.port, "pools": pools.port}
            for number, size in enumerate(sizes):
                self.progress(f"putting {size} into the store")
                made[size] = await tenant(
                    f"tenant-{number}", size, backends=self.backends, store=self.store, ports=ports
                )
        await proc.idle(self.backends.firestore_pid)
        return made


def tell(line: str) -> None:
    """Report progress on standard error, away from the figures."""
    sys.stderr.write(f"{line}\n")


@asynccontextmanager
async def bench(folder: Path, progress: Progress) -> AsyncIterator[Bench]:
    """Build the archive, and start the emulators."""
    async with AsyncExitStack() as stack:
        backends = await stack.enter_async_context(emulators(lambda name, line: progress(f"{name}: {line}")))
        store = await stack.enter_async_context(Store.at(backends.firestore, backends.project))
        yield Bench(
            functions=archive(folder),
            backends=backends,
            store=store,
            meter=Meter(backends, store),
            folder=folder,
            progress=progress,
        )
