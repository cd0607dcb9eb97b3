"""The local stack: the emulators, functions, gateway and schedules of a topology, started and stopped."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from infra.local import provision, state
from infra.local.emulator import Emulator, NamedEmulator
from infra.local.fork_server import ForkServer
from infra.local.function import Function
from infra.local.gateway import Backend, Gateway
from infra.local.processes import Report
from infra.local.schedules import Schedule
from infra.local.server import Server
from infra.local.state import StackState
from infra.local.topology import Topology

SECONDS_A_MINUTE = 60.0


class StackError(Exception):
    """The stack cannot run; the message is the reason."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a stack.

    Attributes:
        topology_file: the topology, from which the Firestore emulator reads the indexes.
        state_folder: the folder that contains `stack.json` while the stack runs.
        data: the folder for all data; without it, data is lost when the stack stops.
        api_key: the development key.
        firestore_host: a running Firestore emulator to use; without it, the stack starts its own.
        pubsub_host: the same for Pub/Sub.
    """

    topology_file: Path
    state_folder: Path
    data: Path | None
    api_key: str
    firestore_host: str | None
    pubsub_host: str | None


class Stack:
    """A stack, from its start to its shutdown."""

    def __init__(self, topology: Topology, options: Options, listener: socket.socket, report: Report) -> None:
        """Prepare to serve a topology behind a gateway on the listening socket."""
        self._topology = topology
        self._options = options
        self._report = report
        self._is_up = False
        self._fork_server = ForkServer(report, _read_by_grpc(topology))
        self._functions = {
            name: Function(function, self._fork_server, report, self._refresh_state)
            for name, function in topology.functions.items()
        }
        self._firestore = self._emulator(
            "firestore",
            options.firestore_host,
            ("--indexes", str(options.topology_file)),
            self._set_up_firestore,
        )
        self._pubsub = self._emulator("pubsub", options.pubsub_host, (), self._set_up_pubsub)
        backends = {
            name: Backend(name, function.port, function.ready) for name, function in self._functions.items()
        }
        self._server = Server(Gateway(topology.routes, backends), listener)

    async def run(self) -> None:
        """Serve until cancelled, then stop everything.

        Raises:
            StackError: an emulator does not start, or cannot be used.
            OccupiedError: another stack uses the state folder or the data folder.
        """
        data = self._options.data
        alone = state.occupied(data / "data.lock") if data else nullcontext()
        with state.owned(self._options.state_folder), alone:
            try:
                await self._start_emulators()
                self._server.start()
                broken = await self._start_functions()
                state.write(self._options.state_folder, self._state())
                self._is_up = True
                self._report("", self._welcome())
                for name in broken:
                    self._report(name, "does not run, see above: the stack keeps trying to start it")
                await asyncio.gather(*(schedule.keep() for schedule in self._schedules()))
                await asyncio.Event().wait()
            finally:
                self._is_up = False
                await self._stop()

    def _emulator(
        self, name: str, host: str | None, arguments: Sequence[str], on_ready: Callable[[], Awaitable[None]]
    ) -> Emulator | NamedEmulator:
        if host:
            return NamedEmulator(name, host, on_ready)
        if self._options.data:
            arguments = (*arguments, "--data", str(self._options.data / name))
        return Emulator(name, arguments, self._report, on_ready)

    async def _set_up_firestore(self) -> None:
        await provision.store_development_key(self._firestore.host, self._options.api_key)
        await self._refresh_state()

    async def _set_up_pubsub(self) -> None:
        ports = {name: function.port for name, function in self._functions.items()}
        await provision.declare_topics_and_subscriptions(self._pubsub.host, self._topology, ports)
        await self._refresh_state()

    async def _start_emulators(self) -> None:
        self._fork_server.start()  # it takes longest
        emulators = (self._firestore, self._pubsub)
        for emulator in emulators:
            emulator.start()
        for emulator in emulators:
            try:
                is_ready = await emulator.ready()
            except ConnectionError as error:
                raise StackError(
                    f"the emulator {emulator.name} on {emulator.host} cannot be used: {error}"
                ) from error
            if not is_ready:
                raise StackError(f"the emulator {emulator.name} does not start, see above")

    async def _start_functions(self) -> list[str]:
        """Start the functions, and return the names of those that do not run."""
        environment = {
            "GOOGLE_CLOUD_PROJECT": provision.PROJECT,
            "FIRESTORE_EMULATOR_HOST": self._firestore.host,
            "PUBSUB_EMULATOR_HOST": self._pubsub.host,
        }
        for function in self._functions.values():
            function.start_with(environment)
        return [name for name, function in self._functions.items() if not await function.ready()]

    async def _stop(self) -> None:
        # In the direction of requests, so that no part calls one that has stopped.
        await self._server.stop()
        await asyncio.gather(*(function.stop() for function in self._functions.values()))
        await asyncio.gather(self._fork_server.stop(), self._firestore.stop(), self._pubsub.stop())

    async def _refresh_state(self) -> None:
        """Write `stack.json` again after a change, if the stack is up."""
        if not self._is_up:
            return
        try:
            state.write(self._options.state_folder, self._state())
        except OSError as error:  # not an error of the child that is now ready
            self._report("stack", f"{error.filename}: {error.strerror}")

    def _state(self) -> StackState:
        children = (self._firestore, self._pubsub, self._fork_server, *self._functions.values())
        return StackState(
            gateway=self._server.url,
            firestore_emulator_host=self._firestore.host,
            pubsub_emulator_host=self._pubsub.host,
            firestore_control=self._firestore.control,
            pubsub_control=self._pubsub.control,
            project=provision.PROJECT,
            api_key=self._options.api_key,
            functions={
                name: f"http://127.0.0.1:{function.port}" for name, function in self._functions.items()
            },
            pids={"stack": os.getpid()} | {child.name: child.pid for child in children if child.pid},
        )

    def _schedules(self) -> list[Schedule]:
        return [
            Schedule(
                name=schedule.name,
                url=f"http://127.0.0.1:{self._functions[schedule.function].port}/",
                interval=schedule.every_minutes * SECONDS_A_MINUTE,
                report=self._report,
            )
            for schedule in self._topology.schedules.values()
        ]

    def _welcome(self) -> str:
        stack = self._state()
        body = '{"nics": [{"mac": "00:00:5E:00:53:01"}]}'
        return f"""
Muster is ready on {stack.gateway}

  Firestore emulator   {stack.firestore_emulator_host}
  Pub/Sub emulator     {stack.pubsub_emulator_host}
  project              {stack.project}
  API key              {stack.api_key}

Register a machine, and watch its event with `make events` in another terminal:

  curl {stack.gateway}/api/v1/machines \\
    -H 'Authorization: Bearer {stack.api_key}' \\
    -H 'Content-Type: application/json' \\
    -d '{body}'

Ctrl-C stops it all.
"""


def _read_by_grpc(topology: Topology) -> dict[str, str]:
    """Return gRPC's variables in functions' environments, which gRPC reads when it is imported."""
    return {
        name: value
        for function in topology.functions.values()
        for name, value in function.environment.items()
        if name.startswith("GRPC_")
    }
