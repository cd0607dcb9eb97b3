"""The stack's child processes: started, listened to, started again when they die, and stopped."""

import asyncio
from collections.abc import Awaitable, Callable

from infra.local.spawn import Run

Report = Callable[[str, str], None]
"""Takes a name and a line to print for it."""

# Whoever lives this long (in seconds) has started well: its death is not the next of a crash loop.
STABLE_AFTER = 10.0
LONGEST_PAUSE = 10.0


class Process:
    """One child that is kept running.

    Attributes:
        name: what reports call it.
        grace: what it has to end in good order, in seconds, before it is killed.
    """

    grace = 5.0

    def __init__(
        self,
        name: str,
        report: Report,
        on_ready: Callable[[], Awaitable[None]],
    ) -> None:
        """Prepare a child; `on_ready` runs each time before it counts as ready."""
        self.name = name
        self._report = report
        self._on_ready = on_ready
        self._run: Run | None = None
        self._supervision: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._ready = False
        self._has_died = False

    @property
    def pid(self) -> int | None:
        """The id of the running child."""
        return self._run.pid if self._run else None

    def start(self) -> None:
        """Start the child, and again whenever it dies."""
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

    async def _begin(self) -> Run:
        """Start the child once; raise OSError if that cannot be done now."""
        raise NotImplementedError

    async def _until_ready(self) -> None:
        """Return when the child that was just started can be used."""
        raise NotImplementedError

    def _printed(self, line: str) -> None:
        """Take a line of the child's output."""
        self._report(self.name, line)

    async def _keep_running(self) -> None:
        clock = asyncio.get_running_loop().time
        deaths = 0
        while True:
            started = clock()
            fate = await self._live()
            self._has_died = True
            self._ready = False
            deaths = 1 if clock() - started > STABLE_AFTER else deaths + 1  # in a row
            if deaths == 1:
                self._settled.clear()
                self._report(self.name, f"stopped ({fate}), starting it again")
            else:
                # Who waits for it is told now; it may be up again at the next try.
                self._settled.set()
                pause = min(2.0 ** (deaths - 2), LONGEST_PAUSE)
                self._report(
                    self.name, f"stopped {deaths} times in a row ({fate}), next try in {pause:.0f} s"
                )
                await asyncio.sleep(pause)

    async def _live(self) -> str:
        """Run the child once, to its end, and tell what that was."""
        try:
            self._run = run = await self._begin()
        except OSError as error:
            return str(error)
        starting = asyncio.create_task(self._announce(run))
        try:
            await run.exited.wait()
        finally:
            starting.cancel()
            await run.end(self.grace)
            self._run = None
        return run.fate

    async def _announce(self, run: Run) -> None:
        try:
            await self._until_ready()
            await self._on_ready()
        except OSError as error:
            self._report(self.name, f"cannot be used: {error}")
            run.terminate()
        else:
            if self._has_died:
                self._report(self.name, "runs again")
            self._ready = True
            self._settled.set()
