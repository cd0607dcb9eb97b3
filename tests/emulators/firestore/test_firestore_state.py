"""A database's memory: no traces of deleted documents, no ended transactions, and times in order."""

import asyncio
import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from google_apis.firestore.common_pb2 import Precondition, TransactionOptions
from google_apis.firestore.document_pb2 import Document, Value
from google_apis.firestore.write_pb2 import Write
from infra.local.firestore import clock, paths, writes
from infra.local.firestore.billing import Billing, counters
from infra.local.firestore.block import SIZE
from infra.local.firestore.clock import Clock
from infra.local.firestore.index_keys import Mode
from infra.local.firestore.indexes import Indexes
from infra.local.firestore.journal import SqliteJournal
from infra.local.firestore.store import OpenDatabase, Settings, Store
from infra.local.firestore.transactions import Timeouts
from infra.local.firestore.ttl import expire_forever
from infra.local.status_errors import AlreadyExists, InvalidArgument
from tests import virtual_time

DATABASE = "projects/p/databases/(default)"
NAME = f"{DATABASE}/documents/a/1"
TIMEOUTS = Timeouts()
AUTOMATIC = Indexes()
MAKING = Write(update=Document(name=NAME), current_document=Precondition(exists=False))
DELETION = Write(delete=NAME)


def new_store(
    journal: SqliteJournal | None = None,
    nanoseconds: Callable[[], int] = time.time_ns,
    *,
    indexes: Indexes = AUTOMATIC,
    timeouts: Timeouts = TIMEOUTS,
) -> Store:
    return Store(Settings(Clock(nanoseconds), indexes, timeouts, retention=3600), journal)


async def commit(database: OpenDatabase, *sent: Write) -> int:
    """Commit writes, and return the commit time."""
    committed, _ = await database.commit([writes.check(write, DATABASE) for write in sent])
    return committed


async def test_nothing_is_kept_of_a_document_that_one_commit_makes_and_deletes() -> None:
    database = new_store().database(DATABASE)
    await commit(database, MAKING, DELETION)
    assert list(database.documents.everything.records()) == []


async def test_nothing_is_kept_of_a_collection_whose_documents_were_deleted_long_ago() -> None:
    times = itertools.count(step=3601 * 10**9)
    database = new_store(nanoseconds=lambda: next(times)).database(DATABASE)
    for _ in range(2):
        await commit(database, MAKING)
        await commit(database, DELETION)
    await commit(database, Write(update=Document(name=f"{DATABASE}/documents/b/1")))
    documents = database.documents
    assert [*documents.collections] == ["b"]
    assert [collection.path for collection in documents.everything.collections] == ["b"]
    assert [*documents.groups["a"].collections] == []


async def test_few_documents_of_many_are_close_together_in_an_index() -> None:
    """Otherwise, a query would take longer the more documents there were, not the more there are."""
    database = new_store().database(DATABASE)
    names = [f"{DATABASE}/documents/a/{number:05}" for number in range(20 * SIZE)]
    await commit(database, *(Write(update=Document(name=name)) for name in names))
    index = database.documents.collections["a"].index(((paths.NAME, Mode.ASCENDING),))
    for _ in index.bring_up_to_date():
        pass
    assert len(index.blocks(b"", b"\xff")) == 20

    await commit(database, *(Write(delete=name) for number, name in enumerate(names) if number % SIZE))
    for _ in index.bring_up_to_date():
        pass
    [block] = index.blocks(b"", b"\xff")
    assert [entry.record.id for entry in block.entries] == [f"{n:05}" for n in range(0, 20 * SIZE, SIZE)]


async def test_an_update_of_indexes_ends_although_documents_keep_changing() -> None:
    """Otherwise, a busy collection would keep the indexes of others from being updated."""
    indexes = Indexes(overrides={("a", ("n",)): frozenset({("COLLECTION", Mode.ASCENDING)})})
    store = new_store(indexes=indexes)
    database = store.database(DATABASE)
    await commit(database, MAKING)

    for step, _ in enumerate(database.documents.bring_indexes_up_to_date()):
        change = Document(name=NAME, fields={"n": Value(integer_value=step)})
        await commit(database, Write(update=change))
        assert step < 10


async def test_others_run_between_the_deletions_of_expired_documents() -> None:
    indexes = Indexes(ttls=(("a", ("end",)),))
    store = new_store(indexes=indexes)
    database = store.database(DATABASE)
    past = {"end": Value(timestamp_value=clock.to_timestamp(0))}
    await commit(
        database, *(Write(update=Document(name=f"{NAME}{number}", fields=past)) for number in range(3))
    )
    expiring = asyncio.create_task(expire_forever(store, Billing(counters()), indexes, interval=0))
    left = {3}
    while 0 not in left:
        await asyncio.sleep(0)
        left.add(sum(record.at(None) is not None for record in database.documents.everything.records()))
    expiring.cancel()
    assert left == {3, 2, 1, 0}


@pytest.mark.parametrize("is_renewed", [False, True])
def test_an_expired_document_in_use_is_deleted_later_unless_it_is_renewed(*, is_renewed: bool) -> None:
    async def expire() -> None:
        indexes = Indexes(ttls=(("a", ("end",)),))
        store = new_store(indexes=indexes)
        database = store.database(DATABASE)
        past, future = (
            Write(update=Document(name=NAME, fields={"end": Value(timestamp_value=clock.to_timestamp(end))}))
            for end in (0, 4_000_000_000 * clock.SECOND)
        )
        await commit(database, past)
        reader = database.transactions.begin(TransactionOptions(), horizon=0)
        await database.locks.read_documents(reader, ["a/1"])
        expiring = asyncio.create_task(expire_forever(store, Billing(counters()), indexes, interval=1))
        await asyncio.sleep(1.5 * TIMEOUTS.lock)  # one deletion has waited in vain, and the next one waits
        assert not expiring.done()
        if is_renewed:
            await database.commit([writes.check(future, DATABASE)], reader)
        database.transactions.end(reader)
        await asyncio.sleep(5)
        assert not expiring.done()
        assert (database.documents.get("a/1") is not None) == is_renewed
        expiring.cancel()

    virtual_time.run(expire())


def test_a_transaction_ends_after_its_total_time_even_if_it_may_be_idle_for_longer() -> None:
    async def use() -> None:
        store = new_store(timeouts=Timeouts(idle=60, total=10))
        transactions = store.database(DATABASE).transactions
        token = transactions.begin(TransactionOptions(), horizon=0).token
        await asyncio.sleep(11)
        with pytest.raises(InvalidArgument), transactions.using(token):
            pass

    virtual_time.run(use())


def test_a_transaction_is_not_idle_while_it_is_in_use() -> None:
    async def use() -> None:
        transactions = new_store().database(DATABASE).transactions
        token = transactions.begin(TransactionOptions(), horizon=0).token
        with transactions.using(token):
            await asyncio.sleep(2 * TIMEOUTS.idle)
        await asyncio.sleep(TIMEOUTS.idle - 1)
        with transactions.using(token):
            pass
        await asyncio.sleep(TIMEOUTS.idle + 1)
        with pytest.raises(InvalidArgument), transactions.using(token):
            pass

    virtual_time.run(use())


async def test_times_grow_also_where_the_clock_stands_still() -> None:
    database = new_store(nanoseconds=lambda: 1_000_000_000).database(DATABASE)
    times = [
        await commit(database, MAKING),
        await commit(database, DELETION),
        database.clock.read_time(),
        await commit(database, MAKING),
    ]
    assert times == [1_000_000, 1_000_001, 1_000_001, 1_000_002]


async def test_times_grow_also_where_the_clock_was_set_back_before_a_restart(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path)
    before = await commit(new_store(journal).database(DATABASE), MAKING)
    await journal.close()

    journal = SqliteJournal(tmp_path)
    database = new_store(journal, nanoseconds=lambda: 1_000_000_000).database(DATABASE)
    assert await commit(database, DELETION) > before
    await journal.close()


async def test_the_file_is_hardly_larger_than_the_documents_in_it(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path)
    database = new_store(journal).database(DATABASE)
    fields = {"bytes": Value(bytes_value=bytes(1000))}
    made = [Write(update=Document(name=f"{NAME}{number:04}", fields=fields)) for number in range(1000)]
    await commit(database, *made)
    await journal.close()
    stored = sum(write.update.ByteSize() for write in made)
    assert (tmp_path / "firestore.sqlite3").stat().st_size < 1.5 * stored


async def test_a_rejection_waits_until_what_it_names_is_on_the_disk(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path)
    database = new_store(journal).database(DATABASE)
    may_write = threading.Event()
    execute = journal._execute

    def execute_later(statements: list[tuple[str, tuple[object, ...]]]) -> None:
        may_write.wait()
        execute(statements)

    journal._execute = execute_later  # type: ignore[method-assign] # a slow disk
    await commit(database, MAKING)
    rejected = asyncio.create_task(commit(database, MAKING))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not rejected.done()
    may_write.set()
    with pytest.raises(AlreadyExists):
        await rejected
    await journal.close()
