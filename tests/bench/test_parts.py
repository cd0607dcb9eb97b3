"""Each part of `make bench` runs to its end, as short as possible. What it measures then means nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local import topology
from tests.bench import __main__ as bench
from tests.bench import cold_start, growth, memory
from tests.bench.hot_spots import __main__ as hot_spots

pytestmark = pytest.mark.long

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a part with arguments, and returns its output and its progress."""

    def printed(main: Callable[[], None], *arguments: str) -> tuple[str, str]:
        monkeypatch.setattr("sys.argv", ["bench", *arguments])
        main()
        output, progress = capsys.readouterr()
        return output, progress

    return printed


def test_calls(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    printed, _ = run(bench.main, "--only=registration", "--seconds=0.5", "--rounds=1")
    assert (tmp_path / "results.md").read_text() in printed
    assert {file.name for file in tmp_path.iterdir()} == {"chart.png", "results.json", "results.md"}


@pytest.mark.parametrize("seconds", ["0.02", "0", "-1", "nan", "1001", "x", ""])
def test_slices_that_are_too_short_to_measure_or_no_number_are_one_line(
    run: Run, seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(bench.main, f"--seconds={seconds}")
    complaint = f"{seconds} is not a number from 0.1 to 1000 (see python -m tests.bench --help)"
    assert capsys.readouterr().err == f"muster: argument --seconds: {complaint}\n"


def test_growth(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "FOLDER", tmp_path)
    monkeypatch.setattr(growth, "CALLS", growth.CALLS[:1])
    with pytest.raises(SystemExit) as ended:
        run(growth.main, "--machines=1000")
    assert ended.value.code == 0
    assert {file.name for file in tmp_path.iterdir()} == {"growth.json", "growth.md", "growth.png"}


def test_cold_starts(run: Run) -> None:
    printed, progress = run(cold_start.main, "--rounds=1")
    assert printed.startswith("to the first 201, median ")
    assert progress == "a pair that does not count\npair 1 of 1\n"


def test_memory(run: Run) -> None:
    printed, progress = run(memory.main, "--requests=6")
    assert "\n        18 requests " in printed
    assert "6 requests, lot 3 of 3\n" in progress


def test_hot_spots(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in (("ORGANIZATIONS", 2), ("ALONE", 24), ("HEARTBEATS", 300)):
        monkeypatch.setattr(hot_spots, name, number)
    printed, _ = run(hot_spots.main)
    assert printed.startswith("10,000 registrations per second from 2 organizations")


@pytest.mark.parametrize("main", [bench.main, cold_start.main, growth.main, hot_spots.main, memory.main])
def test_a_mistake_in_the_topology_is_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, main: Callable[[], None]
) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text("firestore: {index: []}")
    monkeypatch.setattr(topology, "DEFAULT_FILE", file)
    for module, folder in ((bench, "RESULTS"), (growth, "FOLDER")):
        monkeypatch.setattr(module, folder, tmp_path)
    with pytest.raises(SystemExit, match=rf"^muster: {file}[^\n]*\bindex\b[^\n]*$"):
        run(main)
