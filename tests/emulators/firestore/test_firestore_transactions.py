"""Transactions: their locks, their waits, and their ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
import pytest_asyncio
from google.api_core.exceptions import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument
from google.cloud.firestore import Client
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from google.cloud.firestore_v1.types import (
    Document,
    DocumentTransform,
    StructuredQuery,
    Value,
    Write,
)

from tests.emulators.firestore.emulator import Emulator, running
from tests.emulators.firestore.reading import updated

ATTEMPTS = 20


class Database:
    """A database for one test, with the few calls that these tests need."""

    def __init__(self, emulator: Emulator, project: str) -> None:
        self._emulator = emulator
        self._project = project
        self.name = f"projects/{project}/databases/(default)"
        channel = grpc.aio.insecure_channel(emulator.host)
        self.client = FirestoreAsyncClient(transport=FirestoreGrpcAsyncIOTransport(channel=channel))

    async def begin(self, **options: object) -> bytes:
        response = await self.client.begin_transaction(
            request={"database": self.name, "options": options or {"read_write": {}}}
        )
        return response.transaction

    async def read(self, path: str, transaction: bytes | None = None) -> int | None:
        request = {"database": self.name, "documents": [self.path(path)], "transaction": transaction}
        responses = await self.client.batch_get_documents(request=request, retry=None)
        found = [response.found async for response in responses]
        return found[0].fields["n"].integer_value if found[0].name else None

    async def query(self, transaction: bytes | None = None, **query: object) -> list[int]:
        structured = {"from_": [{"collection_id": "a"}], **query}
        responses = await self.client.run_query(
            request={
                "parent": f"{self.name}/documents",
                "structured_query": structured,
                "transaction": transaction,
            },
            retry=None,
        )
        return [
            response.document.fields["n"].integer_value
            async for response in responses
            if response.document.name
        ]

    def write(self, path: str, n: int) -> Write:
        return Write(update=Document(name=self.path(path), fields={"n": Value(integer_value=n)}))

    async def commit(self, *writes: Write, transaction: bytes = b"") -> None:
        request = {"database": self.name, "writes": writes, "transaction": transaction}
        await self.client.commit(request=request, retry=None, timeout=20)

    async def rollback(self, transaction: bytes) -> None:
        await self.client.rollback(request={"database": self.name, "transaction": transaction})

    async def waiting(self, *writes: Write, transaction: bytes = b"") -> "asyncio.Task[None]":
        """Start a commit, and return when the emulator has received it."""
        before = self._emulator.rpcs(self._project).get("Commit", 0)
        task = asyncio.create_task(self.commit(*writes, transaction=transaction))
        async with asyncio.timeout(10):
            while self._emulator.rpcs(self._project).get("Commit", 0) == before:  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0)
        return task

    async def close(self) -> None:
        close: Any = self.client.transport.close  # it has no types
        await close()

    def path(self, path: str) -> str:
        return f"{self.name}/documents/{path}"


@pytest_asyncio.fixture
async def database(emulator: Emulator, project: str) -> AsyncIterator[Database]:
    database = Database(emulator, project)
    await database.commit(database.write("a/1", 1), database.write("a/2", 2), database.write("a/3", 3))
    yield database
    await database.close()


def above(n: int) -> dict[str, object]:
    return {
        "field_filter": {
            "field": {"field_path": "n"},
            "op": StructuredQuery.FieldFilter.Operator.GREATER_THAN,
            "value": {"integer_value": n},
        }
    }


async def test_a_commit_waits_for_a_transaction_that_has_read_what_it_changes(database: Database) -> None:
    reader = await database.begin()
    assert await database.read("a/1", reader) == 1
    writer = await database.waiting(database.write("a/1", 10))
    assert await database.read("a/1") == 1
    assert not writer.done()
    await database.commit(database.write("a/2", 20), transaction=reader)
    await writer
    assert await database.read("a/1") == 10


async def test_a_write_of_a_batch_that_waits_does_not_delay_the_others(database: Database) -> None:
    reader = await database.begin()
    await database.read("a/1", reader)
    batch = {"database": database.name, "writes": [database.write("a/1", 10), database.write("a/2", 20)]}
    writer = asyncio.create_task(database.client.batch_write(request=batch, retry=None, timeout=20))
    while await database.read("a/2") != 20:
        pass
    assert await database.read("a/1") == 1
    await database.rollback(reader)
    assert [status.code for status in (await writer).status] == [0, 0]
    assert await database.read("a/1") == 10


async def test_a_commit_does_not_wait_for_a_reader_of_something_else(database: Database) -> None:
    reader = await database.begin()
    await database.read("a/1", reader)
    await database.query(reader, where=above(2))
    await database.commit(database.write("a/2", 0), database.write("b/1", 100))
    await database.rollback(reader)


async def test_an_increment_that_had_to_wait_is_applied_once(database: Database) -> None:
    reader = await database.begin()
    await database.read("b/1", reader)
    increment = DocumentTransform.FieldTransform(field_path="n", increment=Value(integer_value=1))
    writer = await database.waiting(
        Write(update=Document(name=database.path("b/1")), update_transforms=[increment])
    )
    await database.rollback(reader)
    await writer
    assert await database.read("b/1") == 1


async def test_a_document_that_is_given_more_time_is_not_expired(tmp_path: Path, project: str) -> None:
    """Even if a round of expirations has found it, and is waiting for another document."""
    file = tmp_path / "indexes.yaml"
    file.write_text("fieldOverrides: [{collectionGroup: a, fieldPath: end, ttl: true, indexes: []}]")
    with running("--indexes", str(file), "--ttl-interval=0.05") as emulator:
        database = Database(emulator, project)

        def ending(path: str, end: datetime) -> Write:
            fields = {"n": Value(integer_value=1), "end": Value(timestamp_value=end)}
            return Write(update=Document(name=database.path(path), fields=fields))

        soon = datetime.now(UTC) + timedelta(seconds=1)
        await database.commit(*(ending(path, soon) for path in ("a/1", "a/2", "a/3")))
        reader = await database.begin()
        assert await database.read("a/2", reader) == 1
        while await database.read("a/1"):
            pass
        await database.commit(ending("a/3", soon + timedelta(hours=1)))
        await database.rollback(reader)
        while await database.read("a/2"):
            pass
        await database.commit(ending("a/4", soon))
        while await database.read("a/4"):
            pass  # which is in a later round
        assert await database.read("a/3") == 1
        await database.close()


async def test_a_rollback_frees_what_was_locked(database: Database) -> None:
    reader = await database.begin()
    await database.read("a/missing", reader)
    writer = await database.waiting(database.write("a/missing", 1))
    await database.rollback(reader)
    await writer
    with pytest.raises(InvalidArgument):
        await database.read("a/1", reader)


@pytest.mark.parametrize(
    ("query", "conflicting", "free"),
    [
        ({"where": above(1)}, ("a/4", 4), ("a/4", 0)),  # this would add a result
        ({"where": above(1)}, ("a/3", 0), ("a/1", 0)),  # this would remove a result
        ({"order_by": [{"field": {"field_path": "n"}}], "limit": 2}, ("a/0", 0), ("a/4", 4)),
        ({"order_by": [{"field": {"field_path": "n"}}], "offset": 1, "limit": 1}, ("a/0", 0), ("a/4", 4)),
        (
            {
                "order_by": [{"field": {"field_path": "n"}}],
                "start_at": {"values": [{"integer_value": 2}], "before": True},
            },
            ("a/4", 2),
            ("a/4", 1),
        ),
    ],
)
async def test_a_query_locks_the_range_that_it_covered(
    query: dict[str, object], conflicting: tuple[str, int], free: tuple[str, int], database: Database
) -> None:
    reader = await database.begin()
    before = await database.query(reader, **query)
    await database.commit(database.write(*free))
    writer = await database.waiting(database.write(*conflicting))
    assert await database.query(reader, **query) == before
    assert not writer.done()
    await database.rollback(reader)
    await writer
    assert await database.query(None, **query) != before


async def test_a_count_locks_its_range(database: Database) -> None:
    reader = await database.begin()
    request = {
        "parent": f"{database.name}/documents",
        "structured_aggregation_query": {
            "structured_query": {"from_": [{"collection_id": "a"}]},
            "aggregations": [{"alias": "all", "count": {}}],
        },
        "transaction": reader,
    }
    responses = [a async for a in await database.client.run_aggregation_query(request=request)]
    assert responses[0].result.aggregate_fields["all"].integer_value == 3
    writer = await database.waiting(database.write("a/4", 4))
    assert not writer.done()
    await database.rollback(reader)
    await writer


async def test_of_two_that_read_and_write_the_same_document_the_younger_is_aborted(
    database: Database,
) -> None:
    older, younger = await database.begin(), await database.begin()
    assert [await database.read("a/1", token) for token in (older, younger)] == [1, 1]
    first = await database.waiting(database.write("a/1", 10), transaction=older)
    with pytest.raises(Aborted):
        await database.commit(database.write("a/1", 20), transaction=younger)
    await first
    assert await database.read("a/1") == 10
    with pytest.raises(Aborted):
        await database.read("a/1", younger)
    await database.rollback(younger)


async def test_a_deadlock_ends_the_younger_also_when_it_waited_first(database: Database) -> None:
    older, younger = await database.begin(), await database.begin()
    assert [await database.read("a/1", token) for token in (older, younger)] == [1, 1]
    loser = await database.waiting(database.write("a/1", 20), transaction=younger)
    await database.commit(database.write("a/1", 10), transaction=older)
    with pytest.raises(Aborted):
        await loser
    assert await database.read("a/1") == 10


async def test_write_skew_is_impossible(database: Database) -> None:
    """Each reads what the other writes. In any serial order, the second would have seen the first's write."""
    one, other = await database.begin(), await database.begin()
    await database.query(one, where=above(0))
    await database.query(other, where=above(0))
    first = await database.waiting(database.write("a/1", -1), transaction=one)
    with pytest.raises(Aborted):
        await database.commit(database.write("a/2", -2), transaction=other)
    await first


async def test_a_retried_transaction_keeps_its_age(database: Database) -> None:
    first = await database.begin()
    second = await database.begin()
    await database.rollback(first)
    retried = await database.begin(read_write={"retry_transaction": first})
    await database.read("a/1", retried)
    await database.read("a/1", second)
    winner = await database.waiting(database.write("a/1", 10), transaction=retried)
    with pytest.raises(Aborted):
        await database.commit(database.write("a/1", 20), transaction=second)
    await winner


async def test_those_who_come_to_a_document_that_a_commit_waits_to_change_wait_behind_it(
    database: Database,
) -> None:
    early, late = await database.begin(), await database.begin()
    await database.read("a/1", early)
    writer = await database.waiting(database.write("a/1", 10))
    reading = asyncio.create_task(database.read("a/1", late))
    assert await database.read("a/1", early) == 1
    assert not reading.done()
    await database.rollback(early)
    await writer
    assert await reading == 10
    await database.rollback(late)


@pytest.mark.parametrize("in_transaction", [False, True])
async def test_those_who_wait_behind_a_commit_go_on_when_its_client_gives_up(
    database: Database, *, in_transaction: bool
) -> None:
    early, late = await database.begin(), await database.begin()
    await database.read("a/1", early)
    token = await database.begin() if in_transaction else b""
    writer = await database.waiting(database.write("a/1", 10), transaction=token)
    reading = asyncio.create_task(database.read("a/1", late))
    assert await database.read("a/1", early) == 1
    assert not reading.done()
    writer.cancel()
    assert await reading == 1
    await database.rollback(early)
    await database.rollback(late)


async def test_a_read_only_transaction_sees_the_database_as_it_was_when_it_began(database: Database) -> None:
    reader = await database.begin(read_only={})
    await database.commit(
        database.write("a/1", 10), database.write("a/4", 4), Write(delete=database.path("a/2"))
    )
    ordered = {"order_by": [{"field": {"field_path": "n"}}]}
    assert await database.read("a/1", reader) == 1
    assert await database.read("a/4", reader) is None
    assert await database.query(reader, **ordered) == [1, 2, 3]
    assert await database.query(reader, where=above(1)) == [2, 3]
    assert await database.query(None, **ordered) == [3, 4, 10]
    with pytest.raises(InvalidArgument):
        await database.commit(database.write("a/1", 5), transaction=reader)


def test_a_read_time_shows_the_past(client: Client) -> None:
    client.document("a/2").set({"n": 2})
    document = client.document("a/1")
    times = [updated(document.set({"n": number})) for number in (10, 20, 30)]
    document.delete()
    assert [document.get(read_time=time).to_dict() for time in times] == [{"n": 10}, {"n": 20}, {"n": 30}]
    query = client.collection("a").order_by("n")
    seen = [[found.get("n") for found in query.stream(read_time=time)] for time in times]
    assert seen == [[2, 10], [2, 20], [2, 30]]
    with pytest.raises(InvalidArgument):
        document.get(read_time=times[0].replace(year=2099))


async def test_a_read_can_begin_the_transaction(database: Database) -> None:
    request = {
        "database": database.name,
        "documents": [database.path("a/1")],
        "new_transaction": {"read_write": {}},
    }
    responses = [response async for response in await database.client.batch_get_documents(request=request)]
    token = responses[0].transaction
    assert responses[-1].found.fields["n"].integer_value == 1
    writer = await database.waiting(database.write("a/1", 10))
    await database.commit(database.write("a/2", 20), transaction=token)
    await writer


async def test_a_read_that_is_rejected_begins_no_transaction(database: Database) -> None:
    request = {
        "database": database.name,
        "documents": [database.path("a/1")],
        "mask": {"field_paths": ["n..n"]},
        "new_transaction": {"read_write": {}},
    }
    with pytest.raises(InvalidArgument):
        [response async for response in await database.client.batch_get_documents(request=request)]
    write = {"database": database.name, "writes": [database.write("a/1", 10)]}
    await database.client.commit(request=write, retry=None, timeout=5)  # a lock would delay it for longer


async def test_a_rollback_ends_a_commit_that_still_waits(database: Database) -> None:
    """The transaction has lost its locks, so its commit must not be applied later."""
    other, mine = await database.begin(), await database.begin()
    await database.read("a/1", other)
    await database.read("a/2", mine)
    commit = await database.waiting(database.write("a/1", 10), transaction=mine)
    await database.rollback(mine)
    with pytest.raises(Aborted):
        await commit
    await database.rollback(other)
    assert await database.read("a/1") == 1


async def test_of_two_commits_of_one_transaction_one_goes_through(database: Database) -> None:
    other, mine = await database.begin(), await database.begin()
    await database.read("a/1", other)
    first = await database.waiting(database.write("a/1", 10), transaction=mine)
    second = await database.waiting(database.write("a/1", 20), transaction=mine)
    await database.rollback(other)
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), Aborted]
    assert await database.read("a/1") == 10


@pytest.mark.parametrize("token", [b"unknown", bytes(16)])
async def test_an_unknown_transaction_is_rejected(token: bytes, database: Database) -> None:
    with pytest.raises(InvalidArgument):
        await database.read("a/1", token)
    with pytest.raises(InvalidArgument):
        await database.commit(transaction=token)


async def test_a_transaction_commits_once(database: Database) -> None:
    token = await database.begin()
    await database.commit(database.write("a/1", 5), transaction=token)
    with pytest.raises(InvalidArgument):
        await database.commit(database.write("a/1", 6), transaction=token)


async def test_a_failed_commit_can_be_rolled_back(database: Database) -> None:
    token = await database.begin()
    await database.read("a/1", token)
    write = database.write("a/1", 5)
    write.current_document.exists = False
    with pytest.raises(AlreadyExists):
        await database.commit(write, transaction=token)
    await database.rollback(token)
    await database.commit(database.write("a/1", 6))


@pytest.fixture(scope="module")
def impatient() -> Iterator[Emulator]:
    with running("--idle-timeout=1.5", "--total-timeout=2", "--lock-timeout=0.1") as emulator:
        yield emulator


async def test_waiting_for_a_lock_ends_in_aborted(impatient: Emulator, project: str) -> None:
    database = Database(impatient, project)
    reader = await database.begin()
    assert await database.read("a/1", reader) is None
    with pytest.raises(Aborted):
        await database.commit(database.write("a/1", 1))
    await database.commit(database.write("a/1", 2), transaction=reader)
    assert await database.read("a/1") == 2
    await database.close()


async def test_a_query_whose_transaction_ends_while_its_index_is_made_locks_nothing(
    impatient: Emulator, project: str
) -> None:
    """The rollback can also arrive before the query, or after its index: then everything is done again."""
    database = Database(impatient, project)
    outcomes: list[type[object]] = []
    while Aborted not in outcomes:
        assert len(outcomes) < ATTEMPTS
        for start in range(0, 4_000, 500):
            await database.commit(*(database.write(f"a/{n}", n) for n in range(start, start + 500)))
        reader = await database.begin()
        query = asyncio.create_task(
            database.query(reader, order_by=[{"field": {"field_path": "n"}}], limit=1)
        )
        await asyncio.sleep(0)
        await database.rollback(reader)
        [outcome] = await asyncio.gather(query, return_exceptions=True)
        assert isinstance(outcome, Aborted | InvalidArgument | list)
        outcomes.append(type(outcome))
        await database.commit(database.write("a/0", -1))
    await database.close()


async def test_an_idle_transaction_expires_and_frees_its_locks(impatient: Emulator, project: str) -> None:
    database = Database(impatient, project)
    reader = await database.begin()
    await database.read("a/1", reader)
    with pytest.raises(Aborted):
        await database.commit(database.write("a/1", 1))
    while await database.read("a/1") is None:  # each attempt waits for some time, while the reader is idle
        with contextlib.suppress(Aborted):
            await database.commit(database.write("a/1", 1))
    with pytest.raises(InvalidArgument):
        await database.read("a/1", reader)
    await database.close()


async def _read_until_rejected(database: Database, transaction: bytes) -> int:
    """Repeat a read until it is rejected, and return the number of successful reads."""
    reads = 0
    with contextlib.suppress(InvalidArgument):
        while True:
            await database.read("a/1", transaction)
            reads += 1
    return reads


async def test_no_transaction_outlives_its_total_time(impatient: Emulator, project: str) -> None:
    database = Database(impatient, project)
    reader = await database.begin()
    assert await _read_until_rejected(database, reader) > 1
    await database.close()


def test_a_document_that_is_made_again_when_its_past_is_forgotten_is_found(project: str) -> None:
    with running("--retention=0.001") as emulator, emulator.client(project) as client:
        document = client.document("a/1")
        document.set({"n": 1})
        assert [found.id for found in client.collection("a").stream()] == ["1"]
        document.delete()
        for number in range(10):
            client.document("b/1").set({"n": number})
        document.set({"n": 2})
        assert [found.id for found in client.collection("a").stream()] == ["1"]
        document.delete()
        assert list(client.collection("a").stream()) == []


def test_the_past_beyond_the_retention_is_not_readable(project: str) -> None:
    with running("--retention=0.001") as emulator, emulator.client(project) as client:
        times = [updated(client.document("a/1").set({"n": number})) for number in range(50)]
        with pytest.raises(FailedPrecondition):
            client.document("a/1").get(read_time=times[0])


async def test_a_read_only_transaction_beyond_the_retention_is_rejected(project: str) -> None:
    with running("--retention=0.001") as emulator:
        database = Database(emulator, project)
        await database.commit(database.write("a/1", 0))
        reader = await database.begin(read_only={})
        for number in range(50):
            await database.commit(database.write("a/1", number))
        with pytest.raises(FailedPrecondition):
            await database.read("a/1", reader)
        await database.close()
