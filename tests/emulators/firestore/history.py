"""A checker of strict serializability: whether one order of all operations explains every response.

The server itself defines the order: every response has the time at which it is true, the commit time or the
read time. So no search is needed. The checker replays the history in that order, and repeats each read.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter

State = dict[str, int]
"""The values of the existing registers."""

Result = object
Evaluate = Callable[[State], Result]


@dataclass(frozen=True)
class DescribedRead:
    """A read: its description, and a function that computes the result from the whole state."""

    name: str
    evaluate: Evaluate


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A transaction, a commit or a read that succeeded.

    Attributes:
        client: The client.
        began: The start time, by the clients' common clock.
        ended: The time when the client received the result.
        time: The server's commit time or read time, in nanoseconds.
        results: The results of the reads; in a transaction, they come before the writes.
        writes: The written values; None for a delete.
        is_past: Whether it read at a past time, so that it can precede operations that ended before it began.
    """

    client: str
    began: float
    ended: float
    time: int
    results: list[tuple[DescribedRead, Result]] = field(default_factory=list)
    writes: Mapping[str, int | None] = field(default_factory=dict)
    is_past: bool = False

    def __str__(self) -> str:
        reads = [f"{read.name} -> {result}" for read, result in self.results]
        return f"{self.client} at {self.time}: {', '.join(reads)}; wrote {dict(self.writes)}"


def contradictions(history: Iterable[Operation]) -> list[str]:
    """Return operations that contradict the order of the server's times: none if strictly serializable."""
    # At equal times, commits come first, because a read sees the commits up to and including its time.
    order = sorted(history, key=lambda operation: (operation.time, not operation.writes))
    return [*_wrong_results(order), *_shared_times(order), *_against_real_time(order)]


def _wrong_results(order: list[Operation]) -> list[str]:
    found = []
    state: State = {}
    for operation in order:
        for read, result in operation.results:
            expected = read.evaluate(state)
            if result != expected:
                found.append(f"{read.name} should be {expected}: {operation}")
        for register, value in operation.writes.items():
            if value is None:
                state.pop(register, None)
            else:
                state[register] = value
    return found


def _shared_times(order: list[Operation]) -> list[str]:
    """Find commits at the same time, which have no order."""
    commits = [operation for operation in order if operation.writes]
    return [
        f"the time of another commit: {later}"
        for earlier, later in pairwise(commits)
        if earlier.time == later.time
    ]


def _against_real_time(order: list[Operation]) -> list[str]:
    """Find operations whose time is before that of an operation that had ended when they began."""
    found = []
    effective: Operation | None = None  # the ended operation with the latest time
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
