"""The measurements of a run, and the figures that result from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from statistics import median

from tests.bench.calls import Call
from tests.bench.client import Slice
from tests.meter import Cost


@dataclass
class Side:
    """The product's slices, or the floor's, at one number of connections.

    Attributes:
        slices: the client's measurements, in the order of the rounds.
        cpu_seconds: the worker's CPU time for all slices.
        peak_memory: the worker's highest memory use so far, in bytes.
    """

    slices: list[Slice] = field(default_factory=list)
    cpu_seconds: float = 0.0
    peak_memory: int = 0

    @property
    def throughput(self) -> float:
        """Requests per second: the median of the slices."""
        return median(each.throughput for each in self.slices)

    @property
    def cpu_milliseconds(self) -> float:
        """The worker's CPU time per request."""
        return 1000 * self.cpu_seconds / len(self.latencies)

    @property
    def latencies(self) -> list[float]:
        """The latencies of all slices, in seconds, ascending."""
        return sorted(chain.from_iterable(each.latencies for each in self.slices))

    @property
    def mean_size(self) -> float:
        """The mean size of a response's body, in bytes."""
        return sum(each.bytes for each in self.slices) / len(self.latencies)

    @property
    def unavailable(self) -> int:
        """The number of requests with the status 503."""
        return sum(each.unavailable for each in self.slices)

    def percentile(self, percent: float) -> float:
        """Return the latency that a percentage of the requests do not exceed, in milliseconds."""
        latencies = self.latencies
        return 1000 * latencies[min(len(latencies) - 1, int(len(latencies) * percent / 100))]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One call at one number of connections."""

    connections: int
    product: Side = field(default_factory=Side)
    floor: Side = field(default_factory=Side)

    @property
    def throughput_ratio(self) -> float:
        """The product's share of the floor's throughput: the median of the paired slices."""
        return median(
            product.throughput / floor.throughput
            for product, floor in zip(self.product.slices, self.floor.slices, strict=True)
        )

    @property
    def p50_ratio(self) -> float:
        """The product's median latency as a multiple of the floor's: the median of the paired slices."""
        return median(
            median(product.latencies) / median(floor.latencies)
            for product, floor in zip(self.product.slices, self.floor.slices, strict=True)
        )

    @property
    def cpu_ratio(self) -> float:
        """The product's CPU time per request as a multiple of the floor's."""
        return self.product.cpu_milliseconds / self.floor.cpu_milliseconds


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The measurements of a call.

    Attributes:
        call: the call.
        cost: the cost of one request, which is the same for the floor.
        comparisons: one for each number of connections.
    """

    call: Call
    cost: Cost
    comparisons: Sequence[Comparison]
