"""What goes wrong: processes are killed, RPCs fail before or after they take effect, connections are cut."""

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

# Which processes are killed, and how often in proportion.
VICTIMS = {
    "machines": 5,
    "pools": 3,
    "outbox_relay": 3,
    "heartbeat_sweep": 2,
    "pool_cleanup": 2,
    "firestore": 3,
    "pubsub": 3,
}
# How long a process is left alone after it was killed.
REST = 11.0
# A call that fails like this may have taken effect or not.
UNCLEAR = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "CANCELLED")
# A call that fails like this has not.
NOT_APPLIED = (*UNCLEAR, "ABORTED", "RESOURCE_EXHAUSTED")
SCHEDULED = ("outbox_relay", "heartbeat_sweep")
# Faster than the schedule's minute: what waits has to be ten seconds old all the same.
SECONDS_BETWEEN_CALLS = 4.0


class Mayhem:
    """Makes things go wrong in a running stack.

    Args:
        state: the stack's folder, where it says what runs where.
        chance: what goes wrong, and when.
    """

    def __init__(self, state: Path, chance: random.Random) -> None:
        self._state = state
        self._chance = chance
        self.done: Counter[str] = Counter()

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(count for name, count in self.done.items() if name.startswith("kill "))

    @property
    def faults(self) -> int:
        """How many faults the emulators were told of."""
        return self.done.total() - self.kills - sum(self.done[f"{name} called"] for name in SCHEDULED)

    @contextlib.asynccontextmanager
    async def raging(
        self, *, seconds_between_kills: float, seconds_between_faults: float
    ) -> AsyncIterator[None]:
        """Let things go wrong until the end of the block, which fails where they cannot, and then no more."""
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
                        task.cancel()  # but no call that is under way: it goes on to change what is there
            finally:
                for control in ("firestore_control", "pubsub_control"):
                    await self._forget_faults(http, control)

    def stack(self) -> dict[str, Any]:
        """Read what the stack says of itself now."""
        stack: dict[str, Any] = json.loads((self._state / "stack.json").read_text())
        return stack

    async def _kill(self, seconds: float) -> None:
        killed = dict.fromkeys(VICTIMS, -REST)
        while True:
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * seconds)
            # One that is killed again and again is started later and later: an outage, and no mayhem.
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
            # The emulator may be dead at the moment.
            with contextlib.suppress(httpx.TransportError):
                answer = await http.post(f"{self.stack()[control]}/faults", json=fault)
                answer.raise_for_status()
                self.done[name] += 1

    def _fault(self) -> tuple[str, str, dict[str, Any]]:
        method = self._chance.choices(
            ["Commit", "BatchGetDocuments", "GetDocument", "RunQuery", "Publish", "Push"], [12, 2, 2, 1, 3, 3]
        )[0]
        control = "pubsub_control" if method in {"Publish", "Push"} else "firestore_control"
        when = self._chance.choice(["before", "after"])
        fault: dict[str, Any] = {"method": method, "when": when}
        kind = self._chance.choice(["code", "cut", "delay", "double" if method == "Push" else "code"])
        match kind:
            case "code":
                fault["code"] = self._chance.choice(NOT_APPLIED if when == "before" else UNCLEAR)
            case "cut":
                fault["disconnect"] = True
            case "delay":
                fault["delay_ms"] = self._chance.choice([50, 400, 2500])
            case "double":
                fault["duplicate"] = True
        return control, f"{method} {kind} {when}", fault

    async def _call_often(self, http: httpx.AsyncClient, name: str, calls: asyncio.TaskGroup) -> None:
        """Call a function as the schedule does, also while another call of it is under way."""
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
