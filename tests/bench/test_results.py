"""A benchmark whose results cannot be stored fails before it measures."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench import __main__ as bench
from tests.bench import growth


@pytest.mark.parametrize(
    ("main", "folder"),
    [(bench.main, "tests.bench.__main__.RESULTS"), (growth.main, "tests.bench.growth.FOLDER")],
)
def test_a_folder_that_cannot_be_made_is_one_line(
    main: Callable[[], None], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["bench"])
    monkeypatch.setattr(folder, Path("/dev/null/bench"))

    with pytest.raises(SystemExit, match=r"^muster: /dev/null/bench: Not a directory$"):
        main()
