"""The report on growing fleets."""

from collections import Counter
from pathlib import Path

import pytest

from tests.bench.growth import main
from tests.bench.growth_report import Growth, Point, draw, table


def point(*, milliseconds: float = 2.0, reads: int = 1, units: int = 0) -> Point:
    return Point(
        milliseconds=milliseconds,
        cpu_milliseconds=1.0,
        rpcs=Counter({"RunQuery": 1}),
        billed=Counter({"reads": reads, "aggregation_units": units}),
    )


def growth(**points: tuple[Point, Point]) -> Growth:
    return Growth(
        sizes=(10, 1000),
        points={name: {10: small, 1000: large} for name, (small, large) in points.items()},
    )


def test_a_call_that_reads_more_in_a_larger_fleet_grows() -> None:
    measured = growth(get=(point(), point()), list=(point(reads=10), point(reads=1000)))

    assert measured.growing() == ["list"]
    assert "The RPCs or operations of these calls differ between fleets: list." in table(measured)


def test_exact_totals_may_cost_more_units() -> None:
    measured = growth(list=(point(units=1), point(units=2)))

    assert measured.growing() == []
    assert "| reads 1 | 1, 2 |" in table(measured)


def test_times_are_shown_as_ratios_to_the_smallest_fleet() -> None:
    shown = table(growth(get=(point(milliseconds=2.0), point(milliseconds=3.0))))

    assert "| get | 2.0 | x1.50 | 1.0 | x1.00 | reads 1 |  |" in shown


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    draw(growth(get=(point(), point()), list=(point(), point())), tmp_path / "growth.png")

    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_a_fleet_that_is_too_small_for_all_calls_is_rejected_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["growth", "--machines", "10000", "--machines", "999"])

    with pytest.raises(SystemExit) as ended:
        main()

    expected = "muster: --machines must be at least 1,000 (see python -m tests.bench.growth --help)\n"
    assert (ended.value.code, capsys.readouterr().err) == (2, expected)
