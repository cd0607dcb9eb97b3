"""A short run of `make chaos`. To repeat a failed run: make chaos SECONDS=10 SEED=..."""

import os
import random
from pathlib import Path

import pytest

from tests.chaos.__main__ import main
from tests.chaos.report import report
from tests.chaos.run import Plan, run

SECONDS = 6.0


@pytest.mark.long
@pytest.mark.timeout(300)  # on a busy machine, the last events are published late
def test_the_books_balance_whatever_is_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED", random.randrange(10**6)))  # noqa: S311 - not a secret
    outcome = run(Plan(seed=seed, seconds=SECONDS, clients=8, kills=3), tmp_path)
    assert outcome.faults == [], report(outcome)
    assert outcome.ledger.operations.total() > 0
    assert outcome.figures["disconnections"] > 0
    assert outcome.disturbances.faults > 0
    log = (tmp_path / "stack.log").read_text()
    assert log.count("(killed by SIGKILL)") == outcome.disturbances.kills > 0


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    keep = tmp_path / "file" / "data"
    monkeypatch.setattr("sys.argv", ["tests.chaos", "--seconds", "1", "--seed", "7", "--keep", str(keep)])
    with pytest.raises(SystemExit, match=f"^muster: {keep}/7: Not a directory$"):
        main()
