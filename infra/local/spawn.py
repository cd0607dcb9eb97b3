"""One run of a child process, from its start to the end of all processes that it started."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from infra import ROOT

Printed = Callable[[str], None]
"""Receives a line of output."""

# How many seconds to wait for the end and the last output of a process that was killed. Both come at once,
# unless the fork server, which reports the end, hangs, or a process outside the group has the output open.
AFTER_KILL = 5.0


class Run:
    """A started process, which leads its own process group.

    Thus Ctrl-C in the terminal reaches only the stack, which stops its children in order. The group also
    identifies the processes that a child leaves behind when it dies.

    Attributes:
        pid: the process id.
        exited: set when the process has ended.
        drained: set when no process has its output open any more.
    """

    def __init__(self, printed: Printed) -> None:
        """Take each line of output with `printed`."""
        self.pid = 0
        self.exited = asyncio.Event()
        self.drained = asyncio.Event()
        self._printed = printed
        self._line = b""
        self._code = 0

    @property
    def fate(self) -> str:
        """How the process ended."""
        code = self._code
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def take_output(self, data: bytes) -> None:
        """Process output; a line can arrive in parts."""
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._printed(line.decode(errors="replace"))

    def take_end(self, code: int) -> None:
        """Note the end of the process, with its exit status or the negative number of the signal."""
        self._code = code
        self.exited.set()

    def terminate(self) -> None:
        """Send SIGTERM to the process if it still runs."""
        if not self.exited.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    async def end(self, grace: float) -> None:
        """Terminate the process; after at most `grace` seconds, kill what remains of its process group."""
        self.terminate()
        # `wait_for` would lose a cancellation that coincides with the end of the process; Ctrl-C causes both:
        # https://github.com/python/cpython/issues/86296
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self.exited.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AFTER_KILL):
                await self.exited.wait()
                await self.drained.wait()  # its last output may be the reason
        await self._close()

    async def _close(self) -> None:
        """Release the resources of the run."""


class Spawned(Run, asyncio.SubprocessProtocol):
    """A child of this process.

    asyncio's own `Process.wait` may also wait for the end of the output, which a grandchild can keep open.
    """

    def __init__(self, printed: Printed) -> None:
        """Take each line of output with `printed`."""
        super().__init__(printed)
        self._closed = asyncio.Event()

    async def _close(self) -> None:
        self._transport.close()
        if self.exited.is_set():  # otherwise it may never be closed
            await self._closed.wait()

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        # SubprocessProtocol guarantees this type; uvloop's transports implement it without inheritance.
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self.pid = self._transport.get_pid()

    def pipe_data_received(self, _: int, data: bytes) -> None:
        """Process output."""
        self.take_output(data)

    def pipe_connection_lost(self, fd: int, _: Exception | None) -> None:
        """Note the end of the output, if that is the pipe that was closed."""
        if fd == 1:
            self.drained.set()

    def process_exited(self) -> None:
        """Note the end of the process."""
        self.take_end(self._transport.get_returncode() or 0)

    def connection_lost(self, _: Exception | None) -> None:
        """Note the end of the process and of all its pipes."""
        self._closed.set()


async def spawn(
    command: Sequence[str], environment: Mapping[str, str], inherited: Sequence[int], printed: Printed
) -> Run:
    """Start a module as a child.

    Args:
        command: the module and its arguments.
        environment: variables in addition to this process's environment.
        inherited: the file descriptors that it inherits.
        printed: receives each line of its output.
    """
    _, run = await asyncio.get_running_loop().subprocess_exec(
        lambda: Spawned(printed),
        *(sys.executable, "-m", "infra.local.child", *command),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | dict(environment),
        stderr=asyncio.subprocess.STDOUT,
        pass_fds=inherited,
        start_new_session=True,
    )
    return run
