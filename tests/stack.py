"""A local stack for tests, and what they know about it."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class RunningStack:
    """A stack that is ready: what its stack.json says."""

    gateway: str
    firestore_emulator_host: str
    pubsub_emulator_host: str
    firestore_control: str
    pubsub_control: str
    project: str
    api_key: str
    pids: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Organization:
    """A tenant of a test's own, with one API key."""

    id: str
    api_key: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request of the organization carries."""
        return {"Authorization": f"Bearer {self.api_key}"}


NewOrganization = Callable[..., Organization]
"""Makes an organization whose key has the given scopes, or all."""


@contextmanager
def running_stack(state: Path, *arguments: str) -> Iterator[RunningStack]:
    """Run a stack on ports of its own choice, with `stack.json` in the folder `state`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local", "--port", "0", "--state", str(state), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    printed = []
    try:
        for line in process.stdout:
            printed.append(line)
            if line.startswith("Muster is ready"):
                break
        else:
            raise RuntimeError("the stack did not start:\n" + "".join(printed))
        # Whatever else it prints must not fill the pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield read(state)
    finally:
        process.terminate()
        process.wait(timeout=20)


def read(state: Path) -> RunningStack:
    """Read what a stack says of itself."""
    return RunningStack(**json.loads((state / "stack.json").read_text()))
