"""The SQLite file with an emulator's data, for one process, with group commits.

Statements are executed in the order in which they were noted. All statements that are noted while one
transaction is written form the next one, so many callers wait for few transactions. If the process is killed,
each transaction is either complete or absent.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from grpc import StatusCode

from infra.local.command import EmulatorError
from infra.local.status_errors import StatusError


class CannotKeep(StatusError):
    """The change is not in the file, which accepts no more changes until the emulator is restarted."""

    code = StatusCode.UNAVAILABLE


class DataFile:
    """A SQLite file in a folder; use it within one event loop.

    Statements that are noted without an `await` in between are in one transaction. After a transaction fails,
    nothing more is written or acknowledged, because the data in memory differs from the file.
    """

    def __init__(
        self, folder: Path, name: str, *, tables: str, synchronous: Literal["FULL", "NORMAL"]
    ) -> None:
        """Open the file; create the folder, the file and its tables if they do not exist.

        Args:
            folder: The folder.
            name: The file's name.
            tables: The statements that create its tables.
            synchronous: What a commit survives: NORMAL the end of the process, FULL also a power failure.

        Raises:
            EmulatorError: the file cannot be opened, or another process uses it.
        """
        self._folder = folder
        self._connection = _open(folder, name, tables, synchronous)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._noted: list[tuple[str, tuple[object, ...]]] = []
        self._commit: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._failed = asyncio.Event()
        self._is_reported = False

    def rows(self, query: str, *parameters: object) -> Iterator[Any]:
        """Yield rows that an earlier run left; only before the first `note`."""
        with contextlib.closing(self._connection.execute(query, parameters)) as cursor:
            yield from cursor

    def note(self, statement: str, *parameters: object) -> None:
        """Queue a statement, to be executed after all that were noted before."""
        if not self._noted:
            self._commit = asyncio.create_task(self._write(self._commit))
        self._noted.append((statement, parameters))

    async def committed(self) -> None:
        """Return when all statements noted so far are in the file.

        Raises:
            CannotKeep: a transaction failed, now or earlier.
        """
        if self._commit is not None:
            await asyncio.shield(self._commit)  # a cancelled caller must not cancel it for others
        if self._failure is not None:
            raise CannotKeep(f"{self._folder}: {self._failure}")

    async def broken(self) -> None:
        """Wait until a transaction fails.

        Raises:
            EmulatorError: a transaction failed; after a restart, the emulator has the data of the file.
        """
        await self._failed.wait()
        self._is_reported = True
        raise self._end()

    async def close(self) -> None:
        """Write all noted statements, and close the file.

        Raises:
            EmulatorError: a transaction failed, and `broken` has not reported it.
        """
        with contextlib.suppress(CannotKeep):
            await self.committed()
        self._thread.shutdown()
        self._connection.close()
        if self._failure is not None and not self._is_reported:
            raise self._end()

    async def _write(self, previous: "asyncio.Task[None] | None") -> None:
        if previous is not None:
            await previous
        noted, self._noted = self._noted, []
        if self._failure is not None:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._execute, noted)
        except Exception as error:  # noqa: BLE001 - after any error, the file lacks changes
            self._failure = error
            self._failed.set()

    def _end(self) -> EmulatorError:
        return EmulatorError(f"{self._folder}: {self._failure}; it ends, as it can keep nothing more")

    def _execute(self, statements: list[tuple[str, tuple[object, ...]]]) -> None:
        execute = self._connection.execute
        execute("BEGIN")
        for statement, parameters in statements:
            execute(statement, parameters)
        execute("COMMIT")


def _open(folder: Path, name: str, tables: str, synchronous: str) -> sqlite3.Connection:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / name, timeout=0, isolation_level=None, check_same_thread=False)
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", f"synchronous = {synchronous}"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN IMMEDIATE")  # takes the lock, or fails if another process has it
        connection.execute("COMMIT")
        connection.executescript(tables)
    except sqlite3.OperationalError as error:
        is_used = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
        raise EmulatorError(f"{folder}: {error}{'; does another emulator use it?' * is_used}") from error
    except sqlite3.Error as error:
        raise EmulatorError(f"{folder}: {error}") from error
    except OSError as error:
        raise EmulatorError(f"{folder}: {error.strerror}") from error
    return connection
