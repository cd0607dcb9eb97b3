"""One run of a child process, from its start to the end of everything that it started."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from infra.local.topology import ROOT


class Run(asyncio.SubprocessProtocol):
    """A child that was started; made by `start`.

    asyncio's own `Process.wait` may wait for the end of the output too, which a grandchild can hold open.
    """

    def __init__(self, printed: Callable[[str], None]) -> None:
        """Take each line of output with `printed`."""
        self._printed = printed
        self._line = b""
        self._transport: asyncio.SubprocessTransport
        self.exited = asyncio.Event()
        self._drained = asyncio.Event()
        self._closed = asyncio.Event()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._transport.get_pid()

    @property
    def fate(self) -> str:
        """How it ended."""
        code = self._transport.get_returncode() or 0
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def terminate(self) -> None:
        """Ask it to end."""
        with contextlib.suppress(ProcessLookupError):
            self._transport.terminate()

    async def end(self, grace: float) -> None:
        """End it if it still runs, by force after `grace` seconds, then whatever it left behind."""
        self.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.exited.wait(), grace)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self.exited.wait()
        with contextlib.suppress(TimeoutError):  # its last words may say why it died
            await asyncio.wait_for(self._drained.wait(), grace)
        self._transport.close()
        await self._closed.wait()

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        # The promise of the protocol's type; uvloop's transports keep it without saying so by inheritance.
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, _: int, data: bytes) -> None:
        """Take output; a line may come in parts."""
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._printed(line.decode(errors="replace"))

    def pipe_connection_lost(self, fd: int, _: Exception | None) -> None:
        """Take the end of a pipe: of the output, that nobody holds it any more."""
        if fd == 1:
            self._drained.set()

    def process_exited(self) -> None:
        """Take the end of the process."""
        self.exited.set()

    def connection_lost(self, _: Exception | None) -> None:
        """Take the end of the process and of its output."""
        self._closed.set()


async def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    inherited: Sequence[int],
    printed: Callable[[str], None],
) -> Run:
    """Start a module as a child, in a process group of its own.

    A Ctrl-C in the terminal so reaches the stack alone, which stops its children in order, and whatever a
    child leaves behind when it dies is found by its group.

    Args:
        command: the module and its arguments.
        environment: what it gets beside this process's environment.
        inherited: the file descriptors that it takes over.
        printed: takes each line of its output.
    """
    _, run = await asyncio.get_running_loop().subprocess_exec(
        lambda: Run(printed),
        *(sys.executable, "-m", "infra.local.child", *command),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | dict(environment),
        stderr=asyncio.subprocess.STDOUT,
        pass_fds=inherited,
        start_new_session=True,
    )
    return run
