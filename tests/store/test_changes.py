"""A change takes effect once, and is answered and told as it was committed, whatever its commit's fate."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from shared.bootstrap import Inventory
from shared.domain import events, machines
from shared.domain.answer import Answer
from shared.domain.command import Command
from shared.domain.deadline import Deadline
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.records_pb2 import OutboxEntry
from shared.store import paths, writes
from shared.store.changes import Changes, Decide, Decision
from shared.store.codec import decode
from shared.store.errors import Unclear
from shared.store.firestore import Firestore
from shared.store.outbox import Outbox
from shared.store.transaction import Transaction
from shared.store.wire import CommitResponse, Write

START = datetime(2026, 1, 1, tzinfo=UTC)


class LateFirestore(Firestore):
    """A database whose first commit is cut off, and arrives only when it is told to."""

    def __init__(self, project: str) -> None:
        super().__init__(project, "(default)")
        self._held: Sequence[Write] | None = None

    async def commit(
        self, writes: Sequence[Write], deadline: Deadline, *, transaction: bytes = b""
    ) -> CommitResponse:
        if self._held is None:
            self._held = writes
            raise Unclear("the connection was cut")
        return await super().commit(writes, deadline, transaction=transaction)

    async def arrive(self) -> None:
        assert self._held is not None
        await super().commit(self._held, Deadline(5))


def changes_of(
    firestore: Firestore, told: list[OutboxEntry], clock: Callable[[], datetime] = lambda: START
) -> Changes:
    async def publish(entries: Sequence[OutboxEntry], _: datetime) -> list[str]:
        told.extend(entries)
        return []

    numbers = count()
    return Changes(
        firestore,
        publish=publish,
        outbox=Outbox(firestore),
        clock=clock,
        new_id=lambda: f"{id(told)}-{next(numbers)}",
    )


def command(key: str | None = None) -> Command:
    return Command(organization_id="example", idempotency_key=key, digest=b"digest", deadline=Deadline(8))


def renaming(firestore: Firestore, path: str, name: str) -> Decide:
    async def decide(_: Transaction) -> Decision:
        seen = (await firestore.get([path], Deadline(5)))[path]
        before = decode(seen.fields, Machine)
        after = machines.update(before, {"name": name}, now=START)
        return Decision(
            answer=Answer(status=200, body=str(after.version).encode()),
            writes=[writes.update(after, ["name", "version"], seen)],
            events=[events.machine_updated(before, after)],
        )

    return decide


async def test_a_commit_that_arrives_late_is_answered_and_told_as_what_it_was(
    own: Inventory, project: str
) -> None:
    """Another change comes between it and the next attempt, which decides on newer ground."""
    firestore = LateFirestore(project)
    told: list[OutboxEntry] = []
    path = paths.machine("example", "late")
    machine = Machine(id="late", organization_id="example", version=3)
    await own.firestore.commit([writes.create(firestore.name(path), machine)], Deadline(5))
    attempts = count()

    async def decide(transaction: Transaction) -> Decision:
        if next(attempts) == 1:
            await firestore.arrive()
            await changes_of(own.firestore, []).apply(command(), renaming(firestore, path, "other"))
        return await renaming(firestore, path, "mine")(transaction)

    answer = await changes_of(firestore, told).apply(command(), decide)

    stored = decode((await firestore.get([path], Deadline(5)))[path].fields, Machine)
    assert (stored.version, stored.name) == (5, "other")
    assert answer.body == b"4"
    assert [events.machine_updated(machine, _renamed(machine)).message.SerializeToString()] == [
        entry.data for entry in told
    ]


def _renamed(machine: Machine) -> Machine:
    return machines.update(machine, {"name": "mine"}, now=START)


async def test_an_expired_record_that_the_store_deletes_meanwhile_does_not_stand_in_the_way(
    own: Inventory,
) -> None:
    now = START
    record = own.firestore.name(paths.idempotency("example", "key"))
    told: list[OutboxEntry] = []
    changes = changes_of(own.firestore, told, clock=lambda: now)
    attempts = count()

    async def decide(_: Transaction) -> Decision:
        if next(attempts) == 2:
            await own.firestore.commit([writes.delete(record)], Deadline(5))
        return Decision(answer=Answer(status=204))

    await changes.apply(command("key"), decide)
    now = START + timedelta(hours=25)

    assert await changes.apply(command("key"), decide) == Answer(status=204)
