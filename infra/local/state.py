"""Where a running stack says what it is: `stack.json` in its state folder, `.local` by default."""

import argparse
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from infra import ROOT

DEFAULT_FOLDER = Path(os.environ.get("MUSTER_STATE") or ROOT / ".local")


def add_folder_argument(parser: argparse.ArgumentParser) -> None:
    """Let a command line say which stack's folder it is about."""
    parser.add_argument(
        "--state",
        type=Path,
        default=DEFAULT_FOLDER,
        help="the stack's folder (default: MUSTER_STATE, or .local)",
    )


class OccupiedError(Exception):
    """Another stack runs with this folder."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        super().__init__(f"{folder} is another stack's")
        self.folder = folder


@dataclass(frozen=True, kw_only=True)
class StackState:
    """A running stack; each function's own URL goes past the gateway.

    The controls are None for emulators that it did not start.
    """

    gateway: str
    firestore_emulator_host: str
    pubsub_emulator_host: str
    firestore_control: str | None
    pubsub_control: str | None
    project: str
    api_key: str
    functions: Mapping[str, str]
    pids: Mapping[str, int]


@contextmanager
def occupied(lock: Path) -> Iterator[None]:
    """Have a folder to oneself, made if it is not there, among those who ask for the same lock in it.

    Raises:
        OccupiedError: another process has it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OccupiedError(lock.parent) from error
        yield


@contextmanager
def published(folder: Path) -> Iterator[None]:
    """Have a state folder to oneself, and leave no `stack.json` there.

    Raises:
        OccupiedError: another process has it.
    """
    with occupied(folder / "lock"):
        _file(folder).unlink(missing_ok=True)  # of a stack that was killed
        try:
            yield
        finally:
            _file(folder).unlink(missing_ok=True)


def write(folder: Path, state: StackState) -> None:
    """Publish a state, which holds an API key.

    Raises:
        OSError: it cannot be written; that names the folder.
    """
    try:
        write_privately(_file(folder), json.dumps(asdict(state), indent=2) + "\n")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


def write_privately(file: Path, text: str) -> None:
    """Write a file for the owner's eyes, all of it at once."""
    draft = file.with_name(f"{file.name}.new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(file)


def read(folder: Path) -> StackState | None:
    """Return the state of the stack that runs with this folder, if one does; none does of a damaged one."""
    try:
        state = StackState(**json.loads(_file(folder).read_text()))
        os.kill(state.pids["stack"], 0)  # the file of a stack that was killed stays
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return state


def none_runs(folder: Path) -> str:
    """Say that no stack runs, to somebody who has one, perhaps, that keeps its state elsewhere."""
    return (
        f"muster: no stack runs with its state in {folder}: start one with `make run`, or say which one with "
        "--state or MUSTER_STATE"
    )


def _file(folder: Path) -> Path:
    return folder / "stack.json"
