"""What clients did and saw, and whether one order explains it all: a checker of strict serializability.

The order is the one that the server itself claims: every answer comes with the time at which it is true, the
commit time or the read time. So it needs no search: replay the history in that order, and ask each question
again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter

State = dict[str, int]
"""The value of each register that there is."""

Answer = object
Ask = Callable[[State], Answer]


@dataclass(frozen=True)
class Question:
    """A read: how it is called, and how to answer it from the whole state."""

    name: str
    ask: Ask


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A transaction, a commit or a read that succeeded.

    Attributes:
        client: Who did it.
        began: When the client began, by the clients' common clock.
        ended: When it knew the end.
        time: When it took effect, by the server: its commit time or read time, in nanoseconds.
        answers: What it was told; a transaction's questions come before its writes.
        writes: What it wrote; None where it deleted.
        is_past: Whether it asked for a past time, so that it may come before what has ended already.
    """

    client: str
    began: float
    ended: float
    time: int
    answers: list[tuple[Question, Answer]] = field(default_factory=list)
    writes: Mapping[str, int | None] = field(default_factory=dict)
    is_past: bool = False

    def __str__(self) -> str:
        asked = [f"{question.name} -> {answer}" for question, answer in self.answers]
        return f"{self.client} at {self.time}: {', '.join(asked)}; wrote {dict(self.writes)}"


def contradictions(history: Iterable[Operation]) -> list[str]:
    """Find what the order of the server's times does not explain: nothing if it is strictly serializable."""
    # Of the same time, a commit comes first: a read at a time sees the commits up to and with that time.
    order = sorted(history, key=lambda operation: (operation.time, not operation.writes))
    return [*_wrong_answers(order), *_shared_times(order), *_against_real_time(order)]


def _wrong_answers(order: list[Operation]) -> list[str]:
    found = []
    state: State = {}
    for operation in order:
        for question, answer in operation.answers:
            expected = question.ask(state)
            if answer != expected:
                found.append(f"{question.name} should be {expected}: {operation}")
        for register, value in operation.writes.items():
            if value is None:
                state.pop(register, None)
            else:
                state[register] = value
    return found


def _shared_times(order: list[Operation]) -> list[str]:
    """Find commits at the same time: nothing says which came first."""
    commits = [operation for operation in order if operation.writes]
    return [
        f"the time of another commit: {later}"
        for earlier, later in pairwise(commits)
        if earlier.time == later.time
    ]


def _against_real_time(order: list[Operation]) -> list[str]:
    """Find operations that took effect before one that had ended when they began."""
    found = []
    effective: Operation | None = None  # of those that have ended, the one with the latest effect
    by_end = iter(sorted(order, key=attrgetter("ended")))
    ended = next(by_end, None)
    for operation in sorted(order, key=attrgetter("began")):
        while ended is not None and ended.ended < operation.began:
            if effective is None or ended.time > effective.time:
                effective = ended
            ended = next(by_end, None)
        if effective is not None and operation.time < effective.time and not operation.is_past:
            found.append(f"before one that had ended ({effective}): {operation}")
    return found
