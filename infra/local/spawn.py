"""One run of a child process, from its start to the end of everything that it started."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from infra import ROOT

Printed = Callable[[str], None]
"""Takes a line of output."""


class Run:
    """A process that was started, the leader of a process group of its own.

    A Ctrl-C in the terminal so reaches the stack alone, which stops its children in order, and whatever a
    child leaves behind when it dies is found by its group.

    Attributes:
        pid: the process id.
        exited: set when the process has ended.
        drained: set when nobody holds its output any more.
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
        """How it ended."""
        code = self._code
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def take_output(self, data: bytes) -> None:
        """Take output; a line may come in parts."""
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._printed(line.decode(errors="replace"))

    def take_end(self, code: int) -> None:
        """Take the end of the process, with its exit status or what killed it as a negative number."""
        self._code = code
        self.exited.set()

    def terminate(self) -> None:
        """Ask it to end."""
        if not self.exited.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    async def end(self, grace: float) -> None:
        """End it if it still runs, by force after `grace` seconds, then whatever it left behind."""
        self.terminate()
        # `wait_for` would lose a cancellation that comes with the process's end, as Ctrl-C has both:
        # https://github.com/python/cpython/issues/86296
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self.exited.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self.exited.wait()
        with contextlib.suppress(TimeoutError):  # its last words may say why it died
            async with asyncio.timeout(grace):
                await self.drained.wait()
        await self._close()

    async def _close(self) -> None:
        """Give back what the run was followed with."""


class Spawned(Run, asyncio.SubprocessProtocol):
    """A child of this process.

    asyncio's own `Process.wait` may wait for the end of the output too, which a grandchild can hold open.
    """

    def __init__(self, printed: Printed) -> None:
        """Take each line of output with `printed`."""
        super().__init__(printed)
        self._closed = asyncio.Event()

    async def _close(self) -> None:
        self._transport.close()
        await self._closed.wait()

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        # The promise of the protocol's type; uvloop's transports keep it without saying so by inheritance.
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self.pid = self._transport.get_pid()

    def pipe_data_received(self, _: int, data: bytes) -> None:
        """Take output."""
        self.take_output(data)

    def pipe_connection_lost(self, fd: int, _: Exception | None) -> None:
        """Take the end of a pipe: of the output, that nobody holds it any more."""
        if fd == 1:
            self.drained.set()

    def process_exited(self) -> None:
        """Take the end of the process."""
        self.take_end(self._transport.get_returncode() or 0)

    def connection_lost(self, _: Exception | None) -> None:
        """Take the end of the process and of its output."""
        self._closed.set()


async def spawn(
    command: Sequence[str], environment: Mapping[str, str], inherited: Sequence[int], printed: Printed
) -> Run:
    """Start a module as a child.

    Args:
        command: the module and its arguments.
        environment: what it gets beside this process's environment.
        inherited: the file descriptors that it takes over.
        printed: takes each line of its output.
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
