"""The state of a running stack: `stack.json` in its state folder, by default `.local`."""

import argparse
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from infra import ROOT
from infra.arguments import folder

DEFAULT_FOLDER = Path(os.environ.get("MUSTER_STATE") or ROOT / ".local")


def add_folder_argument(parser: argparse.ArgumentParser) -> None:
    """Add an argument for the state folder of a stack."""
    parser.add_argument(
        "--state",
        type=folder,
        default=DEFAULT_FOLDER,
        help="the stack's folder (default: MUSTER_STATE, or .local)",
    )


class OccupiedError(Exception):
    """Another stack uses this folder."""

    def __init__(self, folder: Path) -> None:
        """Set the folder."""
        super().__init__(f"{folder} is another stack's")
        self.folder = folder


@dataclass(frozen=True, kw_only=True)
class StackState:
    """A running stack; the functions' own URLs bypass the gateway.

    The control URLs are None for emulators that the stack did not start.
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
    """Hold a lock file, which excludes other users of its folder. Create the folder if it does not exist.

    Raises:
        OccupiedError: another process holds the lock.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OccupiedError(lock.parent) from error
        yield


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Hold the lock of a state folder, and delete `stack.json` there before and after.

    Raises:
        OccupiedError: another process holds the lock.
    """
    with occupied(folder / "lock"):
        _file(folder).unlink(missing_ok=True)  # of a stack that was killed
        try:
            yield
        finally:
            _file(folder).unlink(missing_ok=True)


def write(folder: Path, state: StackState) -> None:
    """Write a state, which contains an API key, to `stack.json`.

    Raises:
        OSError: the file cannot be written; the error names the folder.
    """
    try:
        write_privately(_file(folder), json.dumps(asdict(state), indent=2) + "\n")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


def write_privately(file: Path, text: str) -> None:
    """Write a file atomically, readable only by its owner."""
    draft = file.with_name(f"{file.name}.new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(file)


def read(folder: Path) -> StackState | None:
    """Return the state of the stack that uses this folder; None if none runs, or the file is damaged."""
    try:
        state = StackState(**json.loads(_file(folder).read_text()))
        os.kill(state.pids["stack"], 0)  # a stack that was killed leaves its file
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return None
    texts = (state.gateway, state.firestore_emulator_host, state.pubsub_emulator_host, state.project)
    return state if all(isinstance(text, str) for text in texts) else None


def none_runs(folder: Path) -> str:
    """Return the message that no stack runs with this folder; one may run with another folder."""
    return (
        f"muster: no stack runs with its state in {folder}: start one with `make run`, or say which one with "
        "--state or MUSTER_STATE"
    )


def _file(folder: Path) -> Path:
    return folder / "stack.json"
