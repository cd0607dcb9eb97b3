"""The folder that keeps an emulator's data: one SQLite file, with one user."""

import sqlite3
from pathlib import Path
from typing import Literal

from infra.local.command import CannotStartError


def open_file(folder: Path, name: str, synchronous: Literal["FULL", "NORMAL"]) -> sqlite3.Connection:
    """Open the file, with the folder and itself made if need be, for use by one thread at a time.

    Args:
        folder: The folder.
        name: The file's name.
        synchronous: What a commit outlives: with FULL a power cut too, with NORMAL the end of the process.

    Raises:
        CannotStartError: that fails, or another process uses it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / name, timeout=0, isolation_level=None, check_same_thread=False)
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", f"synchronous = {synchronous}"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN IMMEDIATE")  # takes the lock, or finds that another has it
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise CannotStartError(f"{folder}: {error}; does another emulator use it?") from error
    except (OSError, sqlite3.Error) as error:
        raise CannotStartError(f"{folder}: {error}") from error
    return connection
