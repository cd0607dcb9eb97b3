"""A local stack for tests."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import yaml
from google.cloud.firestore import Client

from infra import ROOT, keys
from infra.local.state import StackState
from infra.local.topology import DEFAULT_FILE
from shared.domain.access import Scope

TIMEOUT = 30


@dataclass(frozen=True, kw_only=True)
class RunningStack(StackState):
    """A running stack that has started its own emulators, and so knows their control endpoints."""

    firestore_control: str
    pubsub_control: str

    def environment(self, project: str | None = None) -> dict[str, str]:
        """Return the environment that connects a function to the emulators and a project."""
        return {
            "GOOGLE_CLOUD_PROJECT": project or self.project,
            "FIRESTORE_EMULATOR_HOST": self.firestore_emulator_host,
            "PUBSUB_EMULATOR_HOST": self.pubsub_emulator_host,
        }


@dataclass(frozen=True, kw_only=True)
class Organization:
    """A tenant for one test, with one API key."""

    id: str
    api_key: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the organization's requests."""
        return {"Authorization": f"Bearer {self.api_key}"}


NewOrganization = Callable[..., Organization]
"""Creates an organization whose key has the given scopes, or all."""


def organization(store: Client, organization_id: str, scopes: Sequence[str] = (*Scope,)) -> Organization:
    """Create an organization with an API key."""
    api_key, _ = keys.create(store, organization_id, scopes, now=datetime.now(UTC))
    return Organization(id=organization_id, api_key=api_key)


@dataclass
class StackProcess:
    """The process of a stack, which chooses its ports and writes `stack.json` to the folder `state`.

    It ends with the `with` block, and also if the test's process is killed.
    """

    state: Path
    arguments: tuple[str, ...] = ()
    module: str = "infra.local"
    _lines: list[str] = field(default_factory=list)
    _has_ended: bool = False
    _printed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        command = [
            "-m",
            "infra.local.child",
            self.module,
            "--port",
            "0",
            "--state",
            str(self.state),
            *self.arguments,
        ]
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            # A function leaves its inherited socket open until it ends.
            env={**os.environ, "PYTHONWARNINGS": "error,ignore::ResourceWarning"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def output(self) -> str:
        """The whole output of the stack."""
        return "".join(self._lines)

    def wait_for(self, text: str) -> None:
        """Wait until the stack has printed a text; fail if it ends first."""
        with self._printed:
            self._printed.wait_for(lambda: text in self.output or self._has_ended, TIMEOUT)
            if text not in self.output:
                raise AssertionError(f"the stack did not print {text!r}:\n{self.output}")

    def running(self) -> RunningStack:
        """Wait until the stack is ready, and read its `stack.json`."""
        self.wait_for("Muster is ready")
        return RunningStack(**json.loads((self.state / "stack.json").read_text()))

    def stop(self) -> int:
        """Terminate the stack, and return its exit status."""
        self.process.terminate()
        status = self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        if self.process.stdin:
            self.process.stdin.close()
        return status

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout:
            for line in self.process.stdout:
                with self._printed:
                    self._lines.append(line)
                    self._printed.notify_all()
        with self._printed:
            self._has_ended = True
            self._printed.notify_all()


def quiet_topology(folder: Path) -> Path:
    """Write a topology without schedules and subscriptions, so that nothing runs unless requested.

    It contains only the HTTP functions, so its stack also starts faster.
    """

    def change(topology: dict[str, Any]) -> None:
        topology |= {"schedules": {}, "subscriptions": {}}
        topology["functions"] = {
            name: function
            for name, function in topology["functions"].items()
            if function["trigger"] == "http"
        }

    return changed_topology(folder, change)


def changed_topology(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Write a changed copy of the topology into a folder."""
    topology = yaml.safe_load(DEFAULT_FILE.read_text())
    change(topology)
    file = folder / "topology.yaml"
    file.write_text(yaml.safe_dump(topology))
    return file


@contextmanager
def running_stack(state: Path, *arguments: str) -> Iterator[RunningStack]:
    """Run a stack until the end of the block."""
    with StackProcess(state, arguments) as stack:
        yield stack.running()
