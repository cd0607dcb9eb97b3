"""A transaction without a commit releases its locks, whatever ended it; its successor has the same age."""

from collections.abc import AsyncIterator

import pytest

from google_apis.firestore.firestore_pb2 import BatchGetDocumentsRequest, RollbackRequest
from shared.bootstrap import Inventory, inventory
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store import paths, writes
from shared.store.errors import Ambiguous
from shared.store.transaction import RELEASE_SECONDS, Transaction
from tests.bench.recorder import Recorder, recorded
from tests.control import Control
from tests.stack import RunningStack

POOL = paths.pool("example", "locked")


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def locked(own: Inventory) -> None:
    """Store the document that the transactions read."""
    await own.firestore.commit([writes.create(own.firestore.name(POOL), Pool(version=1))], Deadline(5))


async def overwrite(own: Inventory) -> None:
    """Write the document in a separate commit, which waits for locks."""
    await own.firestore.commit([writes.delete(own.firestore.name(POOL))], Deadline(1))


@pytest.mark.usefixtures("locked")
async def test_locks_are_released_past_the_deadline(own: Inventory, own_control: Control) -> None:
    """The request has no time left, but other requests wait for the locks."""
    clock = Clock()

    async def read_until_the_deadline() -> None:
        async with Transaction(own.firestore, Deadline(5, monotonic=clock)) as transaction:
            await transaction.get([POOL])
            clock.now = 60.0
            await transaction.get([POOL])

    with pytest.raises(Unavailable):
        await read_until_the_deadline()

    assert (await own_control.rpcs())["Rollback"] == 1
    await overwrite(own)


@pytest.mark.usefixtures("locked")
async def test_a_lock_that_is_held_is_waited_for(own: Inventory) -> None:
    """The other tests would fail like this if the lock were not released."""
    async with Transaction(own.firestore, Deadline(5)) as transaction:
        await transaction.get([POOL])
        with pytest.raises(Ambiguous):
            await overwrite(own)


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize(
    "fault",
    [{"code": "UNAVAILABLE"}, {"code": "INVALID_ARGUMENT"}, {"delay_ms": 20_000}],
    ids=["fails", "is rejected", "hangs"],
)
async def test_a_release_that_fails_hides_nothing_and_holds_nobody_up(
    own: Inventory, own_control: Control, project: str, fault: dict[str, object]
) -> None:
    await own_control.fail_next("Rollback", pattern=project, **fault)
    deadline = Deadline(RELEASE_SECONDS + 3)

    async def fail() -> None:
        async with Transaction(own.firestore, Deadline(5)) as transaction:
            await transaction.get([POOL])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert deadline.left > 0
    assert await own_control.waiting() == []


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("fault", [{"code": "UNAVAILABLE", "count": 2}, {"disconnect": True}], ids=str)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_release_without_an_answer_is_repeated(
    own: Inventory, own_control: Control, project: str, fault: dict[str, object], when: str
) -> None:
    """Otherwise, nobody could change what the transaction has read for a minute."""
    async with Transaction(own.firestore, Deadline(5)) as transaction:
        await transaction.get([POOL])
        await own_control.fail_next("Rollback", pattern=project, when=when, **fault)

    assert (await own_control.rpcs())["Rollback"] >= 2
    assert await own_control.forget() == []
    await overwrite(own)


@pytest.mark.usefixtures("locked")
async def test_a_committed_transaction_has_nothing_to_release(own: Inventory, own_control: Control) -> None:
    async with Transaction(own.firestore, Deadline(5)) as transaction:
        [seen] = (await transaction.get([POOL])).values()
        await transaction.commit([writes.delete_seen(seen)], Deadline(5))

    assert (await own_control.rpcs())["Rollback"] == 0


@pytest.fixture
async def recorder(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Recorder]:
    """Records the RPCs of every store that connects from now on."""
    recorder = Recorder()
    async with recorded([stack.firestore_emulator_host], recorder) as [address]:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
        yield recorder


async def test_the_next_attempt_names_the_one_it_follows(project: str, recorder: Recorder) -> None:
    """It has the age of its predecessor, so younger ones yield to it, even after one that did not begin."""
    firestore = inventory({"GOOGLE_CLOUD_PROJECT": project}).firestore
    async with Transaction(firestore, Deadline(5)) as first:
        await first.get([POOL])
    async with first.successor().successor() as third:
        await third.get([POOL])

    _, released, begun, _ = (rpc.request for rpc in recorder.rpcs)
    options = BatchGetDocumentsRequest.FromString(begun).new_transaction
    assert options.read_write.retry_transaction == RollbackRequest.FromString(released).transaction != b""


async def test_what_comes_after_a_commit_is_no_retry_of_it(project: str, recorder: Recorder) -> None:
    firestore = inventory({"GOOGLE_CLOUD_PROJECT": project}).firestore
    async with Transaction(firestore, Deadline(5)) as first:
        await first.get([POOL])
        await first.commit([writes.create(firestore.name(POOL), Pool(version=1))], Deadline(5))
    async with first.successor() as second:
        await second.get([POOL])

    _, _, begun, _ = (rpc.request for rpc in recorder.rpcs)
    options = BatchGetDocumentsRequest.FromString(begun).new_transaction
    assert options.HasField("read_write")
    assert options.read_write.retry_transaction == b""
