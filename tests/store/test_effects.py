"""An event's effect is committed once, even if the event is delivered several times."""

import asyncio
import time
from datetime import UTC, timedelta

import pytest

from shared.bootstrap import Inventory, now
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.pb.inventory.v1.records_pb2 import ProcessedEvent
from shared.store import paths, writes
from shared.store.codec import decode
from shared.store.effects import MAX_REJECTIONS, Decide, Effect
from shared.store.errors import Ambiguous, Rejected
from shared.store.transaction import Transaction
from tests.control import Control

SUBSCRIPTION = "projects/example/subscriptions/counting"
COUNTER = paths.pool("example", "counter")


def counting(inventory: Inventory) -> Decide:
    """Count events in a document, which shows repeated effects."""

    async def decide(transaction: Transaction) -> Effect:
        found = (await transaction.get([COUNTER])).get(COUNTER)
        if found is None:
            return Effect(writes=[writes.create(inventory.firestore.name(COUNTER), Pool(version=1))])
        counted = decode(found.fields, Pool).version
        return Effect(writes=[writes.update(Pool(version=counted + 1), ["version"], found)])

    return decide


async def count(inventory: Inventory, event_id: str = "event", subscription: str = SUBSCRIPTION) -> None:
    await inventory.effects.apply(subscription, event_id, counting(inventory), Deadline(10))


async def counted(inventory: Inventory) -> int:
    found = await inventory.firestore.get(COUNTER, Deadline(5))
    assert found is not None
    return decode(found.fields, Pool).version


async def test_a_repeated_delivery_changes_nothing(own: Inventory) -> None:
    for _ in range(3):
        await count(own)
    assert await counted(own) == 1


async def test_the_record_of_an_event_outlives_every_copy_of_its_message(own: Inventory) -> None:
    """A topic keeps messages for at most 31 days, and so does a subscription."""
    began = now()
    await count(own)

    record = paths.processed(SUBSCRIPTION, "event")
    stored = await own.firestore.get(record, Deadline(5))
    assert stored is not None
    expires_at = decode(stored.fields, ProcessedEvent).expires_at.ToDatetime(UTC)
    assert expires_at >= began + 2 * timedelta(days=31)


async def test_deliveries_at_once_take_effect_once(own: Inventory) -> None:
    await asyncio.gather(*(count(own) for _ in range(8)))
    assert await counted(own) == 1


async def test_each_event_and_each_subscription_counts_for_itself(own: Inventory) -> None:
    await count(own, "one")
    await count(own, "another")
    await count(own, "one", "projects/example/subscriptions/other")
    assert await counted(own) == 3


@pytest.mark.parametrize(
    "code",
    [
        "ABORTED",
        "CANCELLED",
        "DEADLINE_EXCEEDED",
        "INTERNAL",
        "RESOURCE_EXHAUSTED",
        "UNAVAILABLE",
        "UNKNOWN",
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_commit_that_fails_takes_effect_once(
    own: Inventory, own_control: Control, project: str, code: str, when: str
) -> None:
    await own_control.fail_next("Commit", pattern=project, code=code, when=when)
    await count(own)
    assert await counted(own) == 1


async def test_what_a_transaction_decided_that_has_ended_is_decided_again(own: Inventory) -> None:
    """The database ends a transaction that takes too long."""
    await count(own, "before")
    decided = 0

    async def decide(transaction: Transaction) -> Effect:
        nonlocal decided
        decided += 1
        effect = await counting(own)(transaction)
        if decided == 1:
            async with transaction:
                pass  # roll it back
        return effect

    await own.effects.apply(SUBSCRIPTION, "event", decide, Deadline(10))
    assert (await counted(own), decided) == (2, 2)


async def test_a_store_that_does_not_respond_makes_the_delivery_fail(
    own: Inventory, own_control: Control, project: str
) -> None:
    await own_control.fail_next("Commit", pattern=project, code="UNAVAILABLE", count=1000)
    seconds = 0.0

    async def decide(transaction: Transaction) -> Effect:
        nonlocal seconds
        effect = await counting(own)(transaction)
        seconds += 2
        return effect

    with pytest.raises(Unavailable) as raised:
        # With real time, a read that begins a transaction could exceed the deadline, and keep its locks.
        await own.effects.apply(SUBSCRIPTION, "event", decide, Deadline(5, monotonic=lambda: seconds))
    assert isinstance(raised.value.__cause__, Ambiguous)  # the log shows it
    assert (await own_control.rpcs())["Commit"] == 2
    await own_control.forget()
    await count(own)
    assert await counted(own) == 1


async def test_an_effect_in_steps_goes_on_where_a_delivery_ended(own: Inventory) -> None:
    """The first delivery fails after its second step; the next one does the other three."""
    steps: list[int] = []

    async def decide(transaction: Transaction) -> Effect:
        effect = await counting(own)(transaction)
        done = await own.firestore.get(COUNTER, Deadline(5))
        steps.append(decode(done.fields, Pool).version if done else 0)
        if steps == [0, 1, 2]:
            raise ConnectionError
        return Effect(writes=effect.writes, complete=steps[-1] == 4)

    with pytest.raises(ConnectionError):
        await own.effects.apply(SUBSCRIPTION, "event", decide, Deadline(10))
    await own.effects.apply(SUBSCRIPTION, "event", decide, Deadline(10))
    assert steps == [0, 1, 2, 2, 3, 4]
    await count(own)
    assert await counted(own) == 5


async def test_what_is_rejected_again_and_again_is_reported_before_the_deadline(own: Inventory) -> None:
    await count(own)

    async def decide(_: Transaction) -> Effect:
        return Effect(writes=[writes.create(own.firestore.name(COUNTER), Pool(version=7))])

    started = time.monotonic()
    with pytest.raises(Rejected, match="counter"):
        await own.effects.apply(SUBSCRIPTION, "another", decide, Deadline(60))
    assert time.monotonic() - started < 10
    assert await counted(own) == 1


async def test_rejections_of_steps_that_succeed_in_the_end_do_not_add_up(own: Inventory) -> None:
    await count(own, "before")
    decided = 0

    async def decide(transaction: Transaction) -> Effect:
        nonlocal decided
        decided += 1
        if decided % 2:  # another change was committed first
            return Effect(writes=[writes.create(own.firestore.name(COUNTER), Pool())])
        effect = await counting(own)(transaction)
        return Effect(writes=effect.writes, complete=decided == 2 * (MAX_REJECTIONS + 1))

    await own.effects.apply(SUBSCRIPTION, "event", decide, Deadline(30))
    assert await counted(own) == 1 + MAX_REJECTIONS + 1
