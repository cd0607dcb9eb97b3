"""The operations of the calls that `make bench` measures: exact, and the same on every machine.

They are counted in their own project, where no schedule and no other test runs. It has no topics, so events
stay in the outbox, and there are no operations to delete them.
"""

from collections import Counter
from dataclasses import replace

from infra.local.fork_server import ForkServer
from tests.bench.calls import CALLS
from tests.bench.client import ask
from tests.bench.served import Backends
from tests.bench.store import Store
from tests.bench.tenants import Size, tenant
from tests.functions.lone_function import running_function
from tests.meter import Cost, Meter
from tests.stack import RunningStack


def cost(rpcs: dict[str, int], **billed: int) -> Cost:
    """Make the expected cost of a call."""
    return Cost(rpcs=Counter(rpcs), billed=Counter(billed))


ASSIGNMENT = dict.fromkeys(("BatchGetDocuments", "Commit", "Publish", "RunAggregationQuery", "RunQuery"), 1)
LIST = {"RunAggregationQuery": 1, "RunQuery": 1}
EXPECTED = {
    # The machine, the claim of its MAC address, and its event.
    "registration": cost({"Commit": 1, "Publish": 1}, writes=3),
    "registration-with-key": cost({"Commit": 1, "Publish": 1}, writes=4),
    "get": cost({"GetDocument": 1}, reads=1),
    # One more machine than the page shows, to know whether there is another page.
    "list-100": cost(LIST, reads=101, aggregation_units=1),
    "list-100-items": cost(LIST, reads=100, aggregation_units=1),
    # The claim, then its machine.
    "lookup-by-mac": cost({"GetDocument": 2}, reads=2),
    "heartbeat": cost({"Commit": 1, "GetDocument": 1}, reads=1, writes=1),
    # Reads: the pool, the machines, and the 100 members in the response. Writes: the machines and the event.
    "assign-1-to-100": cost(ASSIGNMENT, reads=102, writes=2, aggregation_units=1),
    "assign-100-to-100": cost(ASSIGNMENT, reads=201, writes=101, aggregation_units=1),
    "assign-1-to-50000": cost(ASSIGNMENT, reads=102, writes=2, aggregation_units=2),
    "assign-100-to-50000": cost(ASSIGNMENT, reads=201, writes=101, aggregation_units=2),
}


def shortened(size: Size) -> Size:
    """Reduce a size to what the counts need: machines to assign, and a pool of at most 1,000 members."""
    return replace(
        size, machines=min(size.machines, 250), pools=min(size.pools, 1), members=min(size.members, 1000)
    )


async def test_each_call_costs_exactly_this(
    stack: RunningStack, project: str, fork_server: ForkServer
) -> None:
    backends = Backends.of(stack, project)
    async with (
        running_function(fork_server, "machines", backends.environment) as machines,
        running_function(fork_server, "pools", backends.environment) as pools,
        Store.at(backends.firestore, backends.project) as store,
    ):
        ports = {"machines": machines.port, "pools": pools.port}
        callers = {
            size: await tenant(
                f"tenant-{number}", shortened(size), backends=backends, store=store, ports=ports
            )
            for number, size in enumerate({call.tenant for call in CALLS})
        }
        costs = {}
        for call in CALLS:
            requests = call.requests(callers[call.tenant])
            await ask(ports[call.function], next(requests))  # now the function has cached the caller's key
            costs[call.name] = await Meter(backends, store).cost(
                ask(ports[call.function], next(requests)), dropped=0
            )

    assert costs == EXPECTED
