"""The targets in docs/performance.md, and whether the product meets them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra import cost
from tests.bench.measured import Comparison, Measured
from tests.meter import counted

BUSY = 16
P50_RATIO = 1.35
MILLION_DOLLARS = 5.0


@dataclass(frozen=True, kw_only=True)
class Target:
    """One target.

    Attributes:
        wanted: the requirement.
        measured: the result.
        holds: whether the result meets the requirement.
    """

    wanted: str
    measured: str
    holds: bool


def targets(measured: Sequence[Measured]) -> list[Target]:
    """Return the targets of all measured calls."""
    return [target for call in measured for target in _targets_of(call)]


def _targets_of(measured: Measured) -> Iterator[Target]:
    call = measured.call
    for comparison in measured.comparisons:
        if comparison.connections == BUSY:
            yield _throughput(call.name, call.target, comparison)
        if comparison.connections == 1:
            yield _latency(call.name, comparison)
    if call.name == "registration":
        yield _exactly_one_commit_and_one_publish(measured)
        yield _cheap(measured)


def _throughput(name: str, least: float, comparison: Comparison) -> Target:
    ratio = comparison.throughput_ratio
    return Target(
        wanted=f"{name} at {BUSY} connections: at least {least:.2f} of the floor's throughput",
        measured=f"{ratio:.2f}",
        holds=ratio >= least,
    )


def _latency(name: str, comparison: Comparison) -> Target:
    ratio = comparison.p50_ratio
    return Target(
        wanted=f"{name} at 1 connection: a p50 of at most {P50_RATIO:.2f} times the floor's",
        measured=f"{ratio:.2f}",
        holds=ratio <= P50_RATIO,
    )


def _exactly_one_commit_and_one_publish(measured: Measured) -> Target:
    rpcs, billed = measured.cost.rpcs, measured.cost.billed
    return Target(
        wanted="registration: 1 commit and 1 publish, no read",
        measured=f"{counted(rpcs)}; {counted(billed)}",
        holds=rpcs == {"Commit": 1, "Publish": 1} and billed["reads"] == 0,
    )


def _cheap(measured: Measured) -> Target:
    billed = measured.cost.billed
    operation = cost.Operation(
        name=measured.call.name,
        reads=billed["reads"],
        writes=billed["writes"],
        deletes=billed["deletes"],
        # The event of such a machine is smaller than the billing minimum of 1 kB.
        kilobytes=billed["published"],
    )
    dollars = sum(cost.per_million(operation, cost.Prices()).values())
    return Target(
        wanted=f"registration: a million with one NIC cost less than {MILLION_DOLLARS:.2f} dollars",
        measured=f"{dollars:.2f}",
        holds=dollars < MILLION_DOLLARS,
    )
