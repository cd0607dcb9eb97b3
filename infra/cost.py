"""The costs of a deployment: `python -m infra.cost` prints the tables of docs/deploy.md.

The numbers of operations are measured (tests/deploy/test_cost.py). The prices are Google's list prices in US
dollars for us-central1, without free quotas and discounts. First compare them with the pages linked below.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra import os_errors
from infra.arguments import Parser
from infra.local import topology

MILLION = 1_000_000
HOURS_A_MONTH = 730
# Nine against attacks (infra/terraform/tests count these), the rate limit and the default rule.
ARMOR_RULES = 11
KILOBYTES_A_TEBIBYTE = 2**40 / 1000


@dataclass(frozen=True, kw_only=True)
class Prices:
    """List prices in US dollars."""

    # https://cloud.google.com/firestore/pricing, per 100,000 documents, Standard edition
    read: float = 0.03
    write: float = 0.09
    delete: float = 0.01
    # https://cloud.google.com/pubsub/pricing, per TiB published or delivered
    throughput: float = 40.0
    # https://cloud.google.com/run/pricing, request-based: per million requests, vCPU second, GiB second
    request: float = 0.40
    vcpu_second: float = 0.000024
    gib_second: float = 0.0000025
    # https://cloud.google.com/armor/pricing, per million requests; per policy and per rule a month
    armor_request: float = 0.75
    armor_policy: float = 5.0
    armor_rule: float = 1.0
    # https://cloud.google.com/load-balancing/pricing, per hour; per GiB in either direction
    forwarding_rule: float = 0.025
    balanced: float = 0.008
    # https://cloud.google.com/stackdriver/pricing, per GiB of logs
    log: float = 0.50
    # https://cloud.google.com/scheduler/pricing, per job a month
    job: float = 0.10


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The billed operations that one request of a client causes.

    Attributes:
        reads: documents read, and one for each 1,000 index entries that a count reads.
        deletes: the deletion of the published event, and that of the idempotency record by its TTL.
        kilobytes: size of events published and delivered to the product's own subscriptions, each at least 1.
        milliseconds: time of an instance. An assumption, not measured on Google Cloud: an instance with one
            vCPU serves 100 such requests a second, a third of what `make bench` measures.
    """

    name: str
    reads: int
    writes: int
    deletes: int
    kilobytes: int
    milliseconds: float = 10.0


PLAIN_REGISTRATION = Operation(
    name="Registration of a machine with one NIC, without a key", reads=0, writes=3, deletes=1, kilobytes=1
)
# Agents need no key for a heartbeat, which can be repeated.
HEARTBEAT = Operation(name="Heartbeat, without a key", reads=1, writes=1, deletes=0, kilobytes=0)
# The other operations have an Idempotency-Key, whose record is one of the writes and one of the deletes.
REGISTRATION = Operation(
    name="Registration of a machine with two NICs", reads=0, writes=5, deletes=2, kilobytes=1
)
ASSIGNMENT = Operation(
    name="Assignment of a machine to a pool of ten", reads=13, writes=3, deletes=2, kilobytes=2
)
BATCH = Operation(
    name="Assignment of 100 machines at once",
    reads=202,
    writes=102,
    deletes=2,
    kilobytes=10,
    milliseconds=60.0,
)
OPERATIONS = (HEARTBEAT, PLAIN_REGISTRATION, REGISTRATION, ASSIGNMENT, BATCH)

# Assumptions per request: its size at the load balancer, and its log entries: the function's, and a tenth of
# the balancer's, which is sampled.
BALANCED_KILOBYTES = 3
LOGGED_KILOBYTES = 0.8
MEMORY_GIB = 0.5


def per_million(operation: Operation, prices: Prices) -> Mapping[str, float]:
    """Return the cost of a million such requests by service, in US dollars."""
    instance_second = prices.vcpu_second + MEMORY_GIB * prices.gib_second
    documents = (
        operation.reads * prices.read + operation.writes * prices.write + operation.deletes * prices.delete
    )
    gib = MILLION * 1000 / 2**30  # with one kilobyte per request
    return {
        "Firestore": documents * MILLION / 100_000,
        "Pub/Sub": operation.kilobytes * MILLION / KILOBYTES_A_TEBIBYTE * prices.throughput,
        "Functions": prices.request + operation.milliseconds / 1000 * MILLION * instance_second,
        "Load balancer, Cloud Armor": BALANCED_KILOBYTES * gib * prices.balanced + prices.armor_request,
        "Logs": LOGGED_KILOBYTES * gib * prices.log,
    }


def per_month(prices: Prices) -> float:
    """Return the cost of an idle deployment without storage, in US dollars a month.

    Raises:
        TopologyError: the topology is invalid.
    """
    return (
        prices.forwarding_rule * HOURS_A_MONTH
        + prices.armor_policy
        + prices.armor_rule * ARMOR_RULES
        + prices.job * len(topology.load(topology.DEFAULT_FILE).schedules)
    )


def table(prices: Prices) -> Iterator[str]:
    """Yield the costs of all operations as lines of Markdown."""
    costs = {operation.name: per_million(operation, prices) for operation in OPERATIONS}
    services = list(costs[OPERATIONS[0].name])
    yield f"| A million times | {' | '.join(services)} | together |"
    yield f"| --- |{' ---: |' * (len(services) + 1)}"
    for name, cost in costs.items():
        amounts = [f"{amount:.2f}" for amount in (*cost.values(), sum(cost.values()))]
        yield f"| {name} | {' | '.join(amounts)} |"


def operations_table() -> Iterator[str]:
    """Yield the counts of all operations as lines of Markdown."""
    yield "| Once | reads | writes | deletes | kB of events | ms of an instance |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for each in OPERATIONS:
        counts = f"{each.reads} | {each.writes} | {each.deletes} | {each.kilobytes} | {each.milliseconds:.0f}"
        yield f"| {each.name} | {counts} |"


@os_errors.in_one_line()
def main() -> None:
    """Print the tables, and the cost of an idle deployment."""
    Parser(prog="python -m infra.cost", description="Print what a deployment costs.").parse_args()
    try:
        idle = f"Idle, it costs about {per_month(Prices()):.0f} dollars a month."
    except topology.TopologyError as error:
        sys.exit(f"muster: {error}")
    print("\n".join((*operations_table(), "", *table(Prices()), "", idle)))


if __name__ == "__main__":
    main()
