"""What an emulator keeps on its disk, when the disk takes no more."""

import sqlite3
from pathlib import Path

import pytest

from infra.local.data_file import DataFile


async def test_once_the_disk_is_full_nothing_is_acknowledged_and_what_was_is_there(tmp_path: Path) -> None:
    file = opened(tmp_path)
    file.note("INSERT INTO kept VALUES ('before')")
    await file.committed()
    file.note("PRAGMA max_page_count = 4")
    file.note("INSERT INTO kept VALUES (?)", "x" * 100_000)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await file.committed()
    file.note("INSERT INTO kept VALUES ('after')")
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            await file.committed()
    await file.close()

    again = opened(tmp_path)
    assert list(again.rows("SELECT value FROM kept")) == [("before",)]
    await again.close()


async def test_what_was_noted_is_written_before_the_file_is_closed(tmp_path: Path) -> None:
    file = opened(tmp_path)
    for number in range(1000):
        file.note("INSERT INTO kept VALUES (?)", str(number))
    await file.close()

    again = opened(tmp_path)
    assert list(again.rows("SELECT count(*) FROM kept")) == [(1000,)]
    await again.close()


def opened(folder: Path) -> DataFile:
    tables = "CREATE TABLE IF NOT EXISTS kept (value TEXT)"
    return DataFile(folder, "data.sqlite3", tables=tables, synchronous="FULL")
