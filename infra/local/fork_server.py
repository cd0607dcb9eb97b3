"""The stack's side of the fork server, which starts functions quickly."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence

from infra.local.processes import Process, Report
from infra.local.spawn import Printed, Run, spawn


class Forked(Run, asyncio.Protocol):
    """A forked function: the fork server reports its end, and a pipe transfers its output."""

    _pipe: asyncio.BaseTransport

    async def _close(self) -> None:
        self._pipe.close()

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the pipe."""
        self._pipe = transport

    def data_received(self, data: bytes) -> None:
        """Process output."""
        self.take_output(data)

    def connection_lost(self, _: Exception | None) -> None:
        """Note the end of the output."""
        self.drained.set()


class ForkServer(Process):
    """The fork server as a child of the stack, restarted like the functions that it forks."""

    def __init__(self, report: Report, environment: Mapping[str, str]) -> None:
        """Prepare a fork server.

        Args:
            report: prints its output and state.
            environment: variables that modules read at import, so they are the same for all functions.
        """
        super().__init__("fork_server", report, _nothing)
        self._environment = environment
        self._turn = asyncio.Lock()
        self._runs: dict[int, Run] = {}
        self._following: asyncio.Task[None] | None = None
        self._requests: socket.socket
        self._imported: asyncio.Future[None]
        self._started: asyncio.Future[None]
        self._starting: Run

    async def fork(
        self, command: Sequence[str], environment: Mapping[str, str], listener: int, printed: Printed
    ) -> Run:
        """Start a module as a process that inherits a listening socket.

        Raises:
            ConnectionError: the fork server does not run, or the process ended before it started the module.
        """
        async with self._turn:
            if not await self.ready():
                raise ConnectionError("the fork server does not run")
            loop = asyncio.get_running_loop()
            run = Forked(printed)
            output, theirs = os.pipe()
            try:
                await loop.connect_read_pipe(lambda: run, os.fdopen(output, "rb"))
                self._starting, self._started = run, loop.create_future()
                request = json.dumps({"command": command, "environment": dict(environment)})
                socket.send_fds(self._requests, [request.encode()], [theirs, listener])
            finally:
                os.close(theirs)
            try:
                await asyncio.shield(self._started)
            except asyncio.CancelledError:
                await asyncio.wait([self._started], timeout=self.grace)  # it starts in any case
                if run.pid:
                    await run.end(0)
                elif self._run and not self._started.done():
                    await self._run.end(0)  # it hangs; if it resumed, it would start the process
                raise
            return run

    async def _begin(self) -> Run:
        if self._following is not None:
            # A child that was just forked may still have the old socket open.
            await asyncio.wait([self._following])
        loop = asyncio.get_running_loop()
        self._imported, self._started = loop.create_future(), loop.create_future()
        ours, theirs = socket.socketpair()
        self._requests = ours.dup()
        reader, writer = await asyncio.open_connection(sock=ours)
        with theirs:
            command = ("infra.local.forks", str(theirs.fileno()))
            run = await spawn(command, self._environment, (theirs.fileno(),), self._printed)
        self._following = asyncio.create_task(self._follow(reader, writer))
        return run

    async def _until_ready(self) -> None:
        await asyncio.shield(self._imported)

    async def _follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):  # if it dies before it has read a request
            async for line in reader:
                match json.loads(line):
                    case {"ready": True}:
                        self._imported.set_result(None)
                    case {"started": pid}:
                        self._starting.pid = pid
                        self._runs[pid] = self._starting
                        self._started.set_result(None)
                    case {"ended": pid, "status": status} if pid in self._runs:
                        self._runs.pop(pid).take_end(os.waitstatus_to_exitcode(status))
                    case {"ended": _}:
                        _fail(self._started, "the function died before it had started")
        # The fork server has died and cannot report the end of its children, so they are ended too.
        writer.close()
        self._requests.close()
        for future in (self._imported, self._started):
            _fail(future, "the fork server died")
        for run in self._runs.values():
            run.take_end(-signal.SIGKILL)
        self._runs.clear()


def _fail(future: "asyncio.Future[None]", reason: str) -> None:
    """Make a future raise a ConnectionError, unless it is done."""
    if not future.done():
        future.set_exception(ConnectionError(reason))
        future.exception()  # marks it as retrieved, because possibly nobody waits


async def _nothing() -> None:
    pass
