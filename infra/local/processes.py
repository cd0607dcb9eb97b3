"""The stack's child processes: started, listened to, started again when they die, and stopped."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count

from infra.local.topology import ROOT

Report = Callable[[str, str], None]
"""Takes a name and a line to print for it."""

# Whoever lives this long (in seconds) has started well: its death is not the next of a crash loop.
STABLE_AFTER = 10.0
LONGEST_PAUSE = 10.0
# What a child has to end in good order, in seconds, before it is killed.
GRACE = 5.0
# A line of output may be this long, in bytes: a log entry with a large request in it, say.
LONGEST_LINE = 16 * 1024 * 1024


class Process:
    """One child that is kept running, in a process group of its own.

    A Ctrl-C in the terminal so reaches the stack alone, which stops its children in order; and whatever a
    child leaves behind when it dies is found and ended by its group.
    """

    def __init__(
        self,
        name: str,
        report: Report,
        on_ready: Callable[[], Awaitable[None]],
    ) -> None:
        """Prepare a child; `on_ready` runs each time before it counts as ready."""
        self.name = name
        self._environment: Mapping[str, str] = {}
        self._report = report
        self._on_ready = on_ready
        self._child: asyncio.subprocess.Process | None = None
        self._supervision: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._ready = False
        self._has_died = False

    @property
    def pid(self) -> int | None:
        """The id of the running child."""
        return self._child.pid if self._child else None

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the child, and again whenever it dies, with this beside the stack's own environment."""
        self._environment = environment
        self._supervision = asyncio.create_task(self._keep_running())

    async def ready(self) -> bool:
        """Wait while the child is starting, then tell whether it is there (or in a crash loop)."""
        await self._settled.wait()
        return self._ready

    async def stop(self) -> None:
        """End the child: in good order if it can, else by force."""
        if self._supervision:
            self._supervision.cancel()
            await asyncio.gather(self._supervision, return_exceptions=True)

    def _command(self) -> Sequence[str]:
        """Name the module to run and its arguments."""
        raise NotImplementedError

    def _inherited(self) -> Sequence[int]:
        """Name the file descriptors that the child takes over."""
        return ()

    async def _until_ready(self) -> None:
        """Return when the child that was just started can be used."""
        raise NotImplementedError

    def _printed(self, line: str) -> None:
        """Take a line of the child's output."""
        self._report(self.name, line)

    async def _keep_running(self) -> None:
        clock = asyncio.get_running_loop().time
        deaths = count(1)
        while True:
            started = clock()
            fate = await self._live()
            self._has_died = True
            self._ready = False
            if clock() - started > STABLE_AFTER:
                deaths = count(1)
            in_a_row = next(deaths)
            if in_a_row == 1:
                self._settled.clear()
                self._report(self.name, f"stopped ({fate}), starting it again")
            else:
                # Who waits for it is told now; it may be up again at the next try.
                self._settled.set()
                pause = min(2.0 ** (in_a_row - 2), LONGEST_PAUSE)
                self._report(
                    self.name, f"stopped {in_a_row} times in a row ({fate}), next try in {pause:.0f} s"
                )
                await asyncio.sleep(pause)

    async def _live(self) -> str:
        """Run the child once, to its end, and tell what that was."""
        self._child = child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infra.local.child", *self._command()),
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | dict(self._environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LONGEST_LINE,
            pass_fds=self._inherited(),
            start_new_session=True,
        )
        listening = asyncio.create_task(self._listen(child))
        starting = asyncio.create_task(self._announce(child))
        try:
            code = await child.wait()
        finally:
            starting.cancel()
            await _end(child)
            await listening
            self._child = None
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    async def _announce(self, child: asyncio.subprocess.Process) -> None:
        try:
            await self._until_ready()
            await self._on_ready()
        except OSError as error:
            self._report(self.name, f"cannot be used: {error}")
            child.terminate()
        else:
            if self._has_died:
                self._report(self.name, "runs again")
            self._ready = True
            self._settled.set()

    async def _listen(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout, "it was asked for"  # noqa: S101 - for the type checker
        async for line in child.stdout:
            self._printed(line.decode(errors="replace").rstrip())


async def _end(child: asyncio.subprocess.Process) -> None:
    """End a child if it still runs, then everything that it started and did not end itself."""
    if child.returncode is None:
        child.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), GRACE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()
