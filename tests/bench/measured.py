"""What a run measured, and what follows from it."""

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
        slices: what the client saw, in the order of the rounds.
        cpu_seconds: what the worker took for all of them.
        peak_memory: the most that the worker had until then, in bytes.
    """

    slices: list[Slice] = field(default_factory=list)
    cpu_seconds: float = 0.0
    peak_memory: int = 0

    @property
    def throughput(self) -> float:
        """Requests a second: the median of the slices."""
        return median(each.throughput for each in self.slices)

    @property
    def cpu_milliseconds(self) -> float:
        """CPU time of the worker for each request."""
        return 1000 * self.cpu_seconds / len(self.latencies)

    @property
    def latencies(self) -> list[float]:
        """The latencies of all slices, in seconds, ascending."""
        return sorted(chain.from_iterable(each.latencies for each in self.slices))

    @property
    def mean_size(self) -> float:
        """How large an answer's body is, in bytes."""
        return sum(each.bytes for each in self.slices) / len(self.latencies)

    @property
    def unavailable(self) -> int:
        """How many requests were not answered in time."""
        return sum(each.unavailable for each in self.slices)

    def percentile(self, percent: float) -> float:
        """Tell the latency that so many percent of the requests do not exceed, in milliseconds."""
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
        """How many times the floor's median latency the product's is: the median of the paired slices."""
        return median(
            median(product.latencies) / median(floor.latencies)
            for product, floor in zip(self.product.slices, self.floor.slices, strict=True)
        )

    @property
    def cpu_ratio(self) -> float:
        """How many times the floor's CPU time for a request the product's is."""
        return self.product.cpu_milliseconds / self.floor.cpu_milliseconds


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A call.

    Attributes:
        call: the call.
        cost: of one request; the floor's is the same.
        comparisons: by the number of connections.
    """

    call: Call
    cost: Cost
    comparisons: Sequence[Comparison]
