"""A running emulator and Google's clients for it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import httpx

from tests.google_clients import PubSub
from tests.plain_http import NO_AUTHORITIES


@dataclass(frozen=True)
class Emulator(PubSub):
    """A running emulator process, and clients for it."""

    control: httpx.Client
    process: subprocess.Popen[str]

    def counters(self, project: str) -> dict[str, int | dict[str, int]]:
        counters: dict[str, dict[str, int | dict[str, int]]] = self.control.get("/counters").json()
        return counters[project.removeprefix("projects/")]

    def fault(self, **fault: object) -> None:
        self.control.post("/faults", json=fault).raise_for_status()

    def pass_time(self, seconds: float) -> None:
        """Advance the emulator's clock, and wait until everything that is now due is done."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        assert _line(self.process.stdout) == "moved\n"


@contextmanager
def running(*arguments: str) -> Iterator[Emulator]:
    """Run an emulator until the end of the block; the test may kill it before."""
    with _started("infra.local.pubsub", "--port", "0", *arguments) as emulator:
        try:
            yield emulator
        finally:
            emulator.process.terminate()
            assert emulator.process.wait(10) in {0, -signal.SIGKILL}


@contextmanager
def running_with_movable_clock() -> Iterator[Emulator]:
    """Run an emulator with `pass_time`."""
    with _started("tests.emulators.pubsub.movable") as emulator:
        yield emulator  # it exits when its input is closed
    assert emulator.process.returncode == 0


@contextmanager
def _started(module: str, *arguments: str) -> Iterator[Emulator]:
    command = [sys.executable, "-m", module, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        line = _line(process.stdout)
        announced = re.fullmatch(r"Pub/Sub emulator on (\S+), control on (http://\S+)\n", line)
        assert announced is not None, line
        with httpx.Client(base_url=announced[2], verify=NO_AUTHORITIES) as control:
            yield Emulator(host=announced[1], control=control, process=process)


def _line(output: IO[str] | None) -> str:
    assert output is not None
    return output.readline()
