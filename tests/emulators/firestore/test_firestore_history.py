"""The checker itself accepts serializable histories, and no others."""

import pytest

from tests.emulators.firestore.history import DescribedRead, Operation, contradictions

A = DescribedRead("a", lambda state: state.get("a"))
B = DescribedRead("b", lambda state: state.get("b"))
TOTAL = DescribedRead("total", lambda state: sum(state.values()))


def operation(
    time: int,
    *results: tuple[DescribedRead, object],
    span: tuple[float, float] = (0, 100),
    is_past: bool = False,
    **writes: int | None,
) -> Operation:
    began, ended = span
    return Operation(
        client="c",
        began=began,
        ended=ended,
        time=time,
        results=list(results),
        writes=writes,
        is_past=is_past,
    )


def test_a_serializable_history_is_accepted() -> None:
    history = [
        operation(5, (A, None), is_past=True, span=(9, 10)),
        operation(10, a=1, span=(0, 1)),
        operation(10, (A, 1), span=(2, 3)),
        operation(20, (A, 1), (B, None), b=2, span=(2, 5)),
        operation(30, (TOTAL, 3), a=None, span=(4, 6)),
        operation(31, (A, None), (TOTAL, 2), span=(4, 6)),
    ]
    assert contradictions(history) == []


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([operation(1, a=1), operation(2, (A, None))], id="a stale read"),
        pytest.param([operation(1, (A, 1)), operation(2, a=1)], id="a read of what is not committed yet"),
        pytest.param([operation(1, a=1), operation(2, (A, 7))], id="a value that nobody wrote"),
        pytest.param([operation(1, (A, None), a=1), operation(2, (A, None), a=2)], id="a lost update"),
        pytest.param(
            [operation(1, (A, None), (B, None), a=1), operation(2, (A, None), (B, None), b=1)],
            id="write skew",
        ),
        pytest.param([operation(1, a=1, b=1), operation(2, (A, 1), (B, None))], id="half a commit"),
        pytest.param([operation(1, a=1), operation(1, b=1)], id="two commits at one time"),
        pytest.param(
            [operation(2, (A, 1), span=(0, 1)), operation(1, a=1, span=(2, 3))],
            id="an effect before its cause",
        ),
    ],
)
def test_anything_else_is_not(history: list[Operation]) -> None:
    assert contradictions(history) != []
