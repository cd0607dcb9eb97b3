"""The stack's child processes: their start, output, restart and stop."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable

from infra.local.spawn import Run

Report = Callable[[str, str], None]
"""Prints a line for a name."""

# A child that lives longer than this, in seconds, is stable: its death does not continue a crash loop.
STABLE_AFTER = 10.0
MAX_DELAY = 10.0


class Process:
    """A child that is restarted whenever it dies.

    Attributes:
        name: its name in reports.
        grace: how many seconds it has to shut down before it is killed.
    """

    grace = 5.0

    def __init__(
        self,
        name: str,
        report: Report,
        on_ready: Callable[[], Awaitable[None]],
    ) -> None:
        """Prepare a child; `on_ready` runs after each start, before the child counts as ready."""
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
        """Start the child, and restart it whenever it dies."""
        self._supervision = asyncio.create_task(self._keep_running())

    async def ready(self) -> bool:
        """Wait while the child is starting, then return whether it is ready, and not in a crash loop."""
        await self._settled.wait()
        return self._ready

    async def stop(self) -> None:
        """Stop the child; kill it if it does not shut down in time."""
        if self._supervision:
            self._supervision.cancel()
            await asyncio.gather(self._supervision, return_exceptions=True)

    async def _begin(self) -> Run:
        """Start the child once; raise OSError if that is not possible now."""
        raise NotImplementedError

    async def _until_ready(self) -> None:
        """Return when the child that has just started can be used."""
        raise NotImplementedError

    def _printed(self, line: str) -> None:
        """Report a line of the child's output."""
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
                # Those who wait for it continue now, although the next try may succeed.
                self._settled.set()
                pause = min(2.0 ** (deaths - 2), MAX_DELAY)
                self._report(
                    self.name, f"stopped {deaths} times in a row ({fate}), next try in {pause:.0f} s"
                )
                await asyncio.sleep(pause)

    async def _live(self) -> str:
        """Run the child once, and return how it ended."""
        try:
            self._run = run = await self._begin()
        except OSError as error:
            return str(error)
        starting = asyncio.create_task(self._announce(run))
        try:
            await run.exited.wait()
        finally:
            starting.cancel()
            try:
                await asyncio.wait([starting])  # so that its calls end before their server does
            finally:
                await run.end(self.grace)
            self._run = None
        return run.fate

    async def _announce(self, run: Run) -> None:
        try:
            await self._until_ready()
            await self._on_ready()
        except Exception as error:  # noqa: BLE001 - after a bug too, nobody must wait for it forever
            reason = error if isinstance(error, OSError) else traceback.format_exc()
            self._report(self.name, f"cannot be used: {reason}")
            await run.end(self.grace)
        else:
            if self._has_died:
                self._report(self.name, "runs again")
            self._ready = True
            self._settled.set()
