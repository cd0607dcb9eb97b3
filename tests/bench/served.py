"""Functions served as in production, and the emulators that they work with: each a process of its own."""

import asyncio
import os
import socket
import sys
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from infra import ROOT, package
from infra.local import provision, topology
from infra.local.emulator import Emulator
from infra.local.topology import Topology
from tests.stack import RunningStack

PATIENCE = 30.0
PROBE = b"GET /health/liveness HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
# The socket is inherited by systemd's protocol, which gunicorn knows; it goes by the process's own id.
INHERIT = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
# Makes a function end with this process, even if that is killed. By its path, and without Python's habit of
# putting a script's folder on the path: the function must find the archive's modules and no others.
CHILD = ("-P", str(ROOT / "infra" / "local" / "child.py"))


@dataclass(frozen=True, kw_only=True)
class Source:
    """A function that can be served.

    Attributes:
        file: its main.py.
        entry_point: the function in it.
        path: where it finds its modules.
        environment: what it is configured with.
    """

    file: Path
    entry_point: str
    path: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Backends:
    """The emulators: where functions find them and their counters are, and the project to use there."""

    firestore: str
    pubsub: str
    firestore_control: str
    pubsub_control: str
    project: str = provision.PROJECT

    @classmethod
    def of(cls, stack: RunningStack, project: str | None = None) -> Self:
        """Take a stack's, and its project or another one there."""
        return cls(
            firestore=stack.firestore_emulator_host,
            pubsub=stack.pubsub_emulator_host,
            firestore_control=stack.firestore_control,
            pubsub_control=stack.pubsub_control,
            project=project or stack.project,
        )

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a function use them."""
        return {
            "GOOGLE_CLOUD_PROJECT": self.project,
            "FIRESTORE_EMULATOR_HOST": self.firestore,
            "PUBSUB_EMULATOR_HOST": self.pubsub,
        }


@dataclass(frozen=True, kw_only=True)
class Served:
    """A function that answers on a port of this machine.

    Attributes:
        port: where.
        worker: the process that answers; gunicorn's master, its parent, only watches over it.
    """

    port: int
    worker: int


def archive(folder: Path) -> dict[str, Source]:
    """Build the deployment archive, unpack it, and name the functions in it."""
    package.build(folder / "muster.zip")
    workspace = folder / "workspace"
    with zipfile.ZipFile(folder / "muster.zip") as packed:
        packed.extractall(workspace)
    return {
        name: Source(
            file=workspace / function.source.relative_to(ROOT),
            entry_point=function.entry_point,
            path=workspace,
            environment=function.environment,
        )
        for name, function in topology.load(topology.DEFAULT_FILE).functions.items()
    }


@asynccontextmanager
async def emulators(report: Callable[[str, str], None]) -> AsyncIterator[Backends]:
    """Run both emulators, in memory, with the topology's topics and indexes."""
    served = topology.load(topology.DEFAULT_FILE)

    async def nothing() -> None:
        pass

    async def set_up_pubsub() -> None:
        await provision.topics_and_subscriptions(pubsub.host, _without_functions(served), {})

    indexes = ("--indexes", str(topology.DEFAULT_FILE))
    firestore = Emulator("firestore", indexes, report, nothing)
    pubsub = Emulator("pubsub", (), report, set_up_pubsub)
    both = (firestore, pubsub)
    try:
        for emulator in both:
            emulator.start()
        for emulator in both:
            if not await emulator.ready():
                raise ConnectionError(f"the emulator {emulator.name} does not start")
        yield Backends(
            firestore=firestore.host,
            pubsub=pubsub.host,
            firestore_control=firestore.control,
            pubsub_control=pubsub.control,
        )
    finally:
        await asyncio.gather(*(emulator.stop() for emulator in both))


def _without_functions(served: Topology) -> Topology:
    """Leave out the subscriptions: they push to functions that a benchmark does not run."""
    return replace(served, subscriptions={})


@asynccontextmanager
async def serve(source: Source, environment: Mapping[str, str], log: Path) -> AsyncIterator[Served]:
    """Serve a function as functions-framework does in production: gunicorn with one uvicorn worker."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener, log.open("ab") as output:
        port: int = listener.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", INHERIT, str(listener.fileno())),
            *(*CHILD, "functions_framework"),
            *("--source", str(source.file), "--target", source.entry_point),
            *("--host", "127.0.0.1", "--port", str(port)),
            cwd=source.path,
            # Unbuffered, as Google's buildpack has it (cmd/python/runtime in GoogleCloudPlatform/buildpacks).
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(source.path), "PYTHONUNBUFFERED": "TRUE"}
            | dict(source.environment)
            | dict(environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=[listener.fileno()],
        )
        try:
            async with asyncio.timeout(PATIENCE):
                await _probe(port, log)
            yield Served(port=port, worker=_worker_of(process.pid))
        finally:
            process.terminate()
            await process.wait()


async def _probe(port: int, log: Path) -> None:
    """Wait for an answer: the connection waits in the socket's backlog until the function takes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(PROBE)
    if not await reader.read():
        raise ConnectionError(f"the function does not start, see {log}")
    writer.close()


def _worker_of(master: int) -> int:
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return int(children[0])
