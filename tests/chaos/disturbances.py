"""Cause failures: kill processes, make RPCs fail before or after they take effect, and cut connections."""

import asyncio
import contextlib
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from tests.plain_http import NO_AUTHORITIES

# The processes to kill, with their relative frequencies.
VICTIMS = {
    "machines": 5,
    "pools": 3,
    "outbox_relay": 3,
    "heartbeat_sweep": 2,
    "pool_cleanup": 2,
    "firestore": 3,
    "pubsub": 3,
}
# How long a process is spared after it was killed.
REST = 11.0
# If a call fails with one of these, it may have taken effect.
AMBIGUOUS = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "CANCELLED")
# The codes for calls that fail before they take effect.
NOT_APPLIED = (*AMBIGUOUS, "ABORTED", "RESOURCE_EXHAUSTED")
SCHEDULED = ("outbox_relay", "heartbeat_sweep")
# More often than the schedules' minute. Events must be ten seconds old anyway.
SECONDS_BETWEEN_CALLS = 4.0


class Disturbances:
    """Causes failures in a running stack.

    Args:
        state: the folder with the stack's `stack.json`.
        chance: the random generator that decides what fails, and when.
    """

    def __init__(self, state: Path, chance: random.Random) -> None:
        self._state = state
        self._chance = chance
        self.done: Counter[str] = Counter()

    @property
    def kills(self) -> int:
        """The number of killed processes."""
        return sum(count for name, count in self.done.items() if name.startswith("kill "))

    @property
    def faults(self) -> int:
        """The number of faults that were set in the emulators."""
        return self.done.total() - self.kills - sum(self.done[f"{name} called"] for name in SCHEDULED)

    @contextlib.asynccontextmanager
    async def disturbing(
        self, *, seconds_between_kills: float, seconds_between_faults: float
    ) -> AsyncIterator[None]:
        """Cause failures until the end of the block. Raises an error there if that was not possible."""
        async with httpx.AsyncClient(timeout=60, verify=NO_AUTHORITIES) as http:
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(self._kill(seconds_between_kills)),
                        group.create_task(self._disturb(http, seconds_between_faults)),
                        *(group.create_task(self._call_often(http, name, group)) for name in SCHEDULED),
                    ]
                    yield
                    for task in tasks:
                        task.cancel()  # but no call in progress, which would go on in the function
            finally:
                for control in ("firestore_control", "pubsub_control"):
                    await self._forget_faults(http, control)

    def stack(self) -> dict[str, Any]:
        """Read the stack's current state."""
        stack: dict[str, Any] = json.loads((self._state / "stack.json").read_text())
        return stack

    async def _kill(self, seconds: float) -> None:
        killed = dict.fromkeys(VICTIMS, -REST)
        while True:
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * seconds)
            # A process that is killed repeatedly is restarted after longer delays, which would be an outage.
            rested = {name: n for name, n in VICTIMS.items() if time.monotonic() - killed[name] > REST}
            if not rested:
                continue
            victim = self._chance.choices(list(rested), list(rested.values()))[0]
            pid = self.stack()["pids"].get(victim)
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.done[f"kill {victim}"] += 1
                    killed[victim] = time.monotonic()

    async def _disturb(self, http: httpx.AsyncClient, seconds: float) -> None:
        while True:
            await asyncio.sleep(self._chance.uniform(0, 2) * seconds)
            control, name, fault = self._fault()
            # The emulator may be down at this moment.
            with contextlib.suppress(httpx.TransportError):
                response = await http.post(f"{self.stack()[control]}/faults", json=fault)
                response.raise_for_status()
                self.done[name] += 1

    def _fault(self) -> tuple[str, str, dict[str, Any]]:
        weights = {"Commit": 12, "BatchWrite": 2, "BatchGetDocuments": 2, "GetDocument": 2, "RunQuery": 1}
        weights |= {"Publish": 3, "Push": 3}
        method = self._chance.choices(list(weights), list(weights.values()))[0]
        control = "pubsub_control" if method in {"Publish", "Push"} else "firestore_control"
        when = self._chance.choice(["before", "after"])
        fault: dict[str, Any] = {"method": method, "when": when}
        kind = self._chance.choice(["code", "cut", "delay", "double" if method == "Push" else "code"])
        match kind:
            case "code":
                fault["code"] = self._chance.choice(NOT_APPLIED if when == "before" else AMBIGUOUS)
            case "cut":
                fault["disconnect"] = True
            case "delay":
                fault["delay_ms"] = self._chance.choice([50, 400, 2500])
            case "double":
                fault["duplicate"] = True
        return control, f"{method} {kind} {when}", fault

    async def _call_often(self, http: httpx.AsyncClient, name: str, calls: asyncio.TaskGroup) -> None:
        """Call a function as the schedule does, even while an earlier call is running."""
        while True:
            await asyncio.sleep(self._chance.uniform(0, 2) * SECONDS_BETWEEN_CALLS)
            calls.create_task(self._call(http, name))

    async def _call(self, http: httpx.AsyncClient, name: str) -> None:
        with contextlib.suppress(httpx.TransportError):
            await http.post(self.stack()["functions"][name])
            self.done[f"{name} called"] += 1

    async def _forget_faults(self, http: httpx.AsyncClient, control: str) -> None:
        while True:
            try:
                await http.delete(f"{self.stack()[control]}/faults")
            except httpx.TransportError:
                await asyncio.sleep(0.2)
            else:
                return
