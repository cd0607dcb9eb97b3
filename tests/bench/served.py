"""Serve functions as in production, and run the emulators that they use, each in its own process."""

import asyncio
import os
import socket
import sys
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from infra import ROOT, package
from infra.local import provision, topology
from infra.local.emulator import Emulator
from infra.local.topology import Topology
from tests.stack import RunningStack

TIMEOUT = 30.0
PROBE = b"GET /health/liveness HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
# gunicorn inherits the socket by systemd's protocol, which needs the id of gunicorn's own process.
INHERIT = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
# Ends a function with this process, even if this is killed. It is run by its path. `-P` stops Python from
# adding the script's folder to the module path, so that the function finds only the archive's modules.
CHILD = ("-P", str(ROOT / "infra" / "local" / "child.py"))


@dataclass(frozen=True, kw_only=True)
class Source:
    """A function that can be served.

    Attributes:
        file: its main.py.
        entry_point: the name of the function in the file.
        path: the folder of its modules.
        environment: its environment variables.
    """

    file: Path
    entry_point: str
    path: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Backends:
    """The emulators: the addresses of their services and control endpoints, and the project to use.

    Attributes:
        firestore_pid: the process of the Firestore emulator.
    """

    firestore: str
    pubsub: str
    firestore_control: str
    pubsub_control: str
    firestore_pid: int
    project: str = provision.PROJECT

    @classmethod
    def of(cls, stack: RunningStack, project: str | None = None) -> Self:
        """Return a stack's emulators, with its project or another one."""
        return cls(
            firestore=stack.firestore_emulator_host,
            pubsub=stack.pubsub_emulator_host,
            firestore_control=stack.firestore_control,
            pubsub_control=stack.pubsub_control,
            firestore_pid=stack.pids["firestore"],
            project=project or stack.project,
        )

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that connect a function to the emulators."""
        return {
            "GOOGLE_CLOUD_PROJECT": self.project,
            "FIRESTORE_EMULATOR_HOST": self.firestore,
            "PUBSUB_EMULATOR_HOST": self.pubsub,
        }


@dataclass(frozen=True, kw_only=True)
class Served:
    """A function that is served on a port of this machine.

    Attributes:
        port: the port.
        worker: the process that responds; its parent, gunicorn's master, only supervises it.
    """

    port: int
    worker: int


def archive(folder: Path) -> dict[str, Source]:
    """Build the deployment archive, unpack it, and return its functions."""
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
        for name, function in _declared().functions.items()
    }


def _declared() -> topology.Topology:
    """Return the topology; end the benchmark in one line if it is invalid."""
    try:
        return topology.load(topology.DEFAULT_FILE)
    except topology.TopologyError as error:
        sys.exit(f"muster: {error}")


@asynccontextmanager
async def emulators(report: Callable[[str, str], None]) -> AsyncIterator[Backends]:
    """Run both emulators in memory, with the topology's topics and indexes."""
    served = _declared()

    async def nothing() -> None:
        pass

    async def set_up_pubsub() -> None:
        await provision.declare_topics_and_subscriptions(pubsub.host, _without_functions(served), {})

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
        assert firestore.pid is not None, "it is ready"
        yield Backends(
            firestore=firestore.host,
            pubsub=pubsub.host,
            firestore_control=firestore.control,
            pubsub_control=pubsub.control,
            firestore_pid=firestore.pid,
        )
    finally:
        await asyncio.gather(*(emulator.stop() for emulator in both))


def _without_functions(served: Topology) -> Topology:
    """Remove the subscriptions, because they push to functions that a benchmark does not run."""
    return served.model_copy(update={"subscriptions": {}})


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
            # Unbuffered, as in Google's buildpack (cmd/python/runtime in GoogleCloudPlatform/buildpacks).
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(source.path), "PYTHONUNBUFFERED": "TRUE"}
            | dict(source.environment)
            | dict(environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=[listener.fileno()],
        )
        try:
            async with asyncio.timeout(TIMEOUT):
                await _probe(port, log)
            yield Served(port=port, worker=_worker_of(process.pid))
        finally:
            process.terminate()
            await process.wait()


async def _probe(port: int, log: Path) -> None:
    """Wait for a response; the connection waits in the socket's backlog until the function accepts it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(PROBE)
    if not await reader.read():
        raise ConnectionError(f"the function does not start, see {log}")
    writer.close()


def _worker_of(master: int) -> int:
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return int(children[0])
