"""An embedded emulator as a child of the stack."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

from infra.local.processes import Process, Report
from infra.local.spawn import Run, spawn


class Emulator(Process):
    """`infra.local.firestore` or `infra.local.pubsub`, on free ports, which it keeps when it is restarted."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        report: Report,
        on_ready: Callable[[], Awaitable[None]],
    ) -> None:
        """Prepare an emulator with these arguments in addition to its ports."""
        super().__init__(name, report, on_ready)
        self._arguments = arguments
        self._addresses = asyncio.Event()
        self.host = "127.0.0.1:0"
        self.control = "http://127.0.0.1:0"

    async def _begin(self) -> Run:
        # A restarted emulator has the ports at which its clients look for it.
        port, control_port = (address.rpartition(":")[2] for address in (self.host, self.control))
        self._addresses.clear()
        ports = ("--port", port, "--control-port", control_port)
        command = (f"infra.local.{self.name}", *ports, *self._arguments)
        return await spawn(command, {}, (), self._printed)

    async def _until_ready(self) -> None:
        await self._addresses.wait()

    def _printed(self, line: str) -> None:
        announcement = re.fullmatch(r".+ emulator on (\S+), control on (http://\S+)", line)
        if announcement:
            self.host, self.control = announcement.groups()
            self._addresses.set()
        else:
            super()._printed(line)


class NamedEmulator:
    """An emulator that somebody else runs, such as Google's; the stack sets it up and never stops it."""

    control = None
    pid = None

    def __init__(self, name: str, host: str, on_ready: Callable[[], Awaitable[None]]) -> None:
        """Use the emulator at a host and port."""
        self.name = name
        self.host = host
        self._on_ready = on_ready

    def start(self) -> None:
        """Do nothing, because the emulator already runs."""

    async def ready(self) -> bool:
        """Set the emulator up; raise ConnectionError if it cannot be reached or rejects a call."""
        await self._on_ready()
        return True

    async def stop(self) -> None:
        """Do nothing, because the stack did not start the emulator."""
