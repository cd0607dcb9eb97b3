"""The SQLite file that keeps an emulator's data: one user, and group commits.

Changes are written in the order in which they were noted. All that was noted while one transaction was being
written is the next one, so many callers together wait for few of them. A kill at any moment leaves each
transaction whole or not there.
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
from infra.local.refusals import Refusal


class CannotKeep(Refusal):
    """What was asked for is not in the file, and nothing more will be until the emulator is started again."""

    code = StatusCode.UNAVAILABLE


class DataFile:
    """A SQLite file in a folder; use it within one event loop.

    What is noted without an `await` in between is in one transaction. Once one of them cannot be written,
    nothing is written or acknowledged any more, as what is in memory is not what is in the file.
    """

    def __init__(
        self, folder: Path, name: str, *, tables: str, synchronous: Literal["FULL", "NORMAL"]
    ) -> None:
        """Open the file, with the folder, itself and its tables made if need be.

        Args:
            folder: The folder.
            name: The file's name.
            tables: The statements that make its tables.
            synchronous: What a commit outlives: FULL a power cut too, NORMAL the end of the process.

        Raises:
            EmulatorError: that fails, or another process uses it.
        """
        self._folder = folder
        self._connection = _open(folder, name, tables, synchronous)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._noted: list[tuple[str, tuple[object, ...]]] = []
        self._commit: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._failed = asyncio.Event()
        self._is_told = False

    def rows(self, query: str, *parameters: object) -> Iterator[Any]:
        """Read what an earlier run left, before anything is noted."""
        with contextlib.closing(self._connection.execute(query, parameters)) as cursor:
            yield from cursor

    def note(self, statement: str, *parameters: object) -> None:
        """Have a statement executed, after all that were noted before."""
        if not self._noted:
            self._commit = asyncio.create_task(self._write(self._commit))
        self._noted.append((statement, parameters))

    async def committed(self) -> None:
        """Return once all that was noted so far is in the file.

        Raises:
            CannotKeep: some of it could not be written, now or earlier.
        """
        if self._commit is not None:
            await asyncio.shield(self._commit)  # others wait for it too, whoever gives up
        if self._failure is not None:
            raise CannotKeep(f"{self._folder}: {self._failure}")

    async def broken(self) -> None:
        """Wait until something cannot be written.

        Raises:
            EmulatorError: then; a new start begins with what is in the file.
        """
        await self._failed.wait()
        self._is_told = True
        raise self._end()

    async def close(self) -> None:
        """Write what is noted, and let go of the file.

        Raises:
            EmulatorError: something is not in the file, and `broken` has not told that.
        """
        with contextlib.suppress(CannotKeep):
            await self.committed()
        self._thread.shutdown()
        self._connection.close()
        if self._failure is not None and not self._is_told:
            raise self._end()

    async def _write(self, previous: "asyncio.Task[None] | None") -> None:
        if previous is not None:
            await previous
        noted, self._noted = self._noted, []
        if self._failure is not None:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._execute, noted)
        except Exception as error:  # noqa: BLE001 - whatever it is, the file is behind from now on
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
        connection.execute("BEGIN IMMEDIATE")  # takes the lock, or finds that another has it
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
