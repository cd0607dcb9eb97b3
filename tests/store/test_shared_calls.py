"""Reads and updates of single documents share calls if they begin together, without any other effect."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import grpc
import grpc.aio
import pytest

from google_apis.firestore.document_pb2 import Document, Value
from shared.bootstrap import Inventory
from shared.domain.deadline import Deadline
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store import paths, writes
from shared.store.errors import Ambiguous, Rejected
from shared.store.transaction import Transaction
from shared.store.wire_format import Write, write
from tests.control import UNTIL_RELEASED, Control

COUNT = 20
NAMES = [f"pool {number}" for number in range(COUNT)]
POOLS = [paths.pool("example", f"pool-{number}") for number in range(COUNT)]
ABSENT = [paths.pool("example", f"absent-{number}") for number in range(3)]

# Reads the name of the pool at a path.
ReadName = Callable[[Inventory, str], Awaitable[str | None]]


async def read_document(own: Inventory, path: str) -> str | None:
    document = await own.firestore.get(path, Deadline(5))
    return None if document is None else document.fields["name"].string_value


async def read_serialized(own: Inventory, path: str) -> str | None:
    document = await own.firestore.get_serialized(path, Deadline(5), fields=["name"])
    return None if document is None else Value.FromString(document.fields["name"]).string_value


reading = pytest.mark.parametrize("read", [read_document, read_serialized])


@pytest.fixture
async def stored(own: Inventory, own_control: Control) -> list[Document]:
    """Store the pools, and return their documents."""
    pools = zip(POOLS, NAMES, strict=True)
    creates = [writes.create(own.firestore.name(path), Pool(name=name, version=1)) for path, name in pools]
    await own.firestore.commit(creates, Deadline(5))
    assert (await own_control.rpcs()) == {"Commit": 1}
    found = await own.firestore.get_all(POOLS, Deadline(5))
    return [found[path] for path in POOLS]


def rename(stored: Document, name: str) -> Write:
    return writes.update(Pool(name=name), ["name"], stored)


async def stored_names(own: Inventory) -> list[str]:
    """Read the names of all pools, in one call."""
    found = await own.firestore.get_all(POOLS, Deadline(5))
    return [found[path].fields["name"].string_value for path in POOLS]


@reading
@pytest.mark.usefixtures("stored")
async def test_reads_that_begin_while_another_is_in_flight_share_a_call(
    own: Inventory, own_control: Control, read: ReadName
) -> None:
    before, billed = await own_control.rpcs(), await own_control.billed("reads")

    names = await asyncio.gather(*(read(own, path) for path in (*POOLS, *ABSENT)))

    assert names == NAMES + [None] * len(ABSENT)
    assert await own_control.rpcs() - before == {"GetDocument": 1, "BatchGetDocuments": 1}
    assert await own_control.billed("reads") - billed == len(POOLS) + len(ABSENT)


@reading
@pytest.mark.usefixtures("stored")
async def test_a_read_alone_is_one_call_for_one_document(
    own: Inventory, own_control: Control, read: ReadName
) -> None:
    before = await own_control.rpcs()

    for path in POOLS[:3]:
        await read(own, path)

    assert await own_control.rpcs() - before == {"GetDocument": 3}


@reading
@pytest.mark.usefixtures("stored")
async def test_concurrent_reads_of_one_document_all_return_it(own: Inventory, read: ReadName) -> None:
    names = await asyncio.gather(*(read(own, POOLS[0]) for _ in range(5)))

    assert names == [NAMES[0]] * 5


@pytest.mark.usefixtures("stored")
async def test_reads_of_different_fields_return_their_own(own: Inventory) -> None:
    selections = [["name"], ["version"], ["name"], ["version"], []]

    found = await asyncio.gather(
        *(
            own.firestore.get(path, Deadline(5), fields=fields)
            for path, fields in zip(POOLS, selections, strict=False)
        )
    )

    shown = [{"name", "version"} & set(document.fields) for document in found if document is not None]
    assert shown == [{"name"}, {"version"}, {"name"}, {"version"}, {"name", "version"}]


@pytest.mark.usefixtures("stored")
async def test_reads_with_different_deadlines_do_not_end_each_other(
    own: Inventory, own_control: Control
) -> None:
    before = await own_control.rpcs()

    await asyncio.gather(
        *(own.firestore.get(path, Deadline(seconds)) for path, seconds in zip(POOLS, (9, 9, 5), strict=False))
    )

    assert await own_control.rpcs() - before == {"GetDocument": 3}


@reading
@pytest.mark.usefixtures("stored")
async def test_a_shared_read_that_fails_is_repeated(
    own: Inventory, own_control: Control, read: ReadName
) -> None:
    await own_control.fail_next("BatchGetDocuments", pattern=own.project, code="UNAVAILABLE")

    names = await asyncio.gather(*(read(own, path) for path in POOLS))

    assert names == NAMES


@reading
@pytest.mark.usefixtures("stored")
async def test_a_shared_read_that_hangs_is_repeated(
    own: Inventory, own_control: Control, read: ReadName
) -> None:
    await own_control.fail_next("BatchGetDocuments", pattern=own.project, delay_ms=UNTIL_RELEASED)

    names = await asyncio.gather(*(read(own, path) for path in POOLS))

    assert names == NAMES
    await own_control.release()


@pytest.mark.usefixtures("stored")
async def test_a_cancelled_read_does_not_end_those_that_share_its_call(
    own: Inventory, own_control: Control
) -> None:
    await own_control.fail_next(
        "BatchGetDocuments", pattern=own.project, when="before", delay_ms=UNTIL_RELEASED
    )
    reads = [asyncio.create_task(read_document(own, path)) for path in POOLS]
    await own_control.struck()

    reads[1].cancel()
    await own_control.release()
    outcomes = await asyncio.gather(*reads, return_exceptions=True)

    assert isinstance(outcomes.pop(1), asyncio.CancelledError)
    assert outcomes == [NAMES[0], *NAMES[2:]]


async def test_updates_that_begin_while_another_is_in_flight_share_a_call(
    own: Inventory, own_control: Control, stored: list[Document]
) -> None:
    before, billed = await own_control.rpcs(), await own_control.billed("writes")

    times = await asyncio.gather(
        *(own.firestore.commit([rename(document, "new")], Deadline(5)) for document in stored)
    )

    assert await own_control.rpcs() - before == {"Commit": 1, "BatchWrite": 1}
    assert await own_control.billed("writes") - billed == COUNT
    found = await own.firestore.get_all(POOLS, Deadline(5))
    assert [found[path].fields["name"].string_value for path in POOLS] == ["new"] * COUNT
    assert [found[path].update_time.ToDatetime(UTC) for path in POOLS] == times


async def test_updates_of_different_organizations_share_no_call(own: Inventory, own_control: Control) -> None:
    pools = [own.firestore.name(paths.pool(f"organization-{number % 2}", str(number))) for number in range(5)]

    await asyncio.gather(
        *(own.firestore.commit([writes.create(name, Pool())], Deadline(5)) for name in pools)
    )

    assert await own_control.rpcs() == {"Commit": 1, "BatchWrite": 2}


async def test_an_update_whose_document_changed_fails_alone(own: Inventory, stored: list[Document]) -> None:
    await own.firestore.commit([rename(document, "other") for document in stored[::2]], Deadline(5))

    outcomes = await asyncio.gather(
        *(own.firestore.commit([rename(document, "new")], Deadline(5)) for document in stored),
        return_exceptions=True,
    )

    assert [isinstance(outcome, Rejected) for outcome in outcomes] == [True, False] * (COUNT // 2)
    assert await stored_names(own) == ["other", "new"] * (COUNT // 2)


async def test_an_invalid_update_fails_alone_with_its_error(own: Inventory, stored: list[Document]) -> None:
    invalid = write(update={"name": stored[1].name, "fields": {"__reserved__": {"integer_value": 1}}})
    updates = [invalid if document is stored[1] else rename(document, "new") for document in stored]

    outcomes = await asyncio.gather(
        *(own.firestore.commit([update], Deadline(5)) for update in updates), return_exceptions=True
    )

    error = outcomes.pop(1)
    assert isinstance(error, grpc.aio.AioRpcError)
    assert (error.code(), "reserved" in (error.details() or "")) == (grpc.StatusCode.INVALID_ARGUMENT, True)
    assert all(isinstance(outcome, datetime) for outcome in outcomes)


async def test_an_update_in_a_transaction_ends_it(own: Inventory, stored: list[Document]) -> None:
    async with Transaction(own.firestore, Deadline(5)) as transaction:
        await transaction.get(POOLS[:1])
        await transaction.commit([rename(stored[0], "new")], Deadline(5))

    assert await read_document(own, POOLS[0]) == "new"


async def test_deletions_share_no_call_and_return_their_times(
    own: Inventory, own_control: Control, stored: list[Document]
) -> None:
    """A deletion in a `BatchWrite` has no time."""
    before = await own_control.rpcs()

    times = await asyncio.gather(
        *(own.firestore.commit([writes.delete(document.name)], Deadline(5)) for document in stored)
    )

    assert await own_control.rpcs() - before == {"Commit": COUNT}
    assert min(times) > stored[0].update_time.ToDatetime(UTC)


async def test_of_concurrent_updates_of_one_document_one_succeeds(
    own: Inventory, stored: list[Document]
) -> None:
    outcomes = await asyncio.gather(
        *(own.firestore.commit([rename(stored[0], f"new-{number}")], Deadline(5)) for number in range(5)),
        return_exceptions=True,
    )

    [winner] = [number for number, outcome in enumerate(outcomes) if not isinstance(outcome, Exception)]
    assert all(isinstance(outcome, Rejected) for outcome in outcomes[:winner] + outcomes[winner + 1 :])
    assert await read_document(own, POOLS[0]) == f"new-{winner}"


async def test_large_updates_do_not_exceed_the_size_of_a_call(own: Inventory, own_control: Control) -> None:
    large = Pool(description="x" * 900_000)

    await asyncio.gather(
        *(
            own.firestore.commit([writes.create(own.firestore.name(path), large)], Deadline(20))
            for path in POOLS
        )
    )

    assert await own_control.rpcs() == {"Commit": COUNT}


@pytest.mark.parametrize("when", ["before", "after"])
async def test_shared_updates_without_an_answer_may_have_been_applied(
    own: Inventory, own_control: Control, stored: list[Document], when: str
) -> None:
    await own_control.fail_next("BatchWrite", pattern=own.project, code="UNAVAILABLE", when=when)

    outcomes = await asyncio.gather(
        *(own.firestore.commit([rename(document, "new")], Deadline(5)) for document in stored),
        return_exceptions=True,
    )

    assert [isinstance(outcome, Ambiguous) for outcome in outcomes] == [False] + [True] * (COUNT - 1)
    _, *names = await stored_names(own)
    assert set(names) == ({"new"} if when == "after" else set(NAMES[1:]))


async def test_updates_that_share_a_call_with_one_that_waits_for_a_lock_have_time_for_another_attempt(
    own: Inventory, stored: list[Document]
) -> None:
    deadline = Deadline(2)
    async with Transaction(own.firestore, Deadline(5)) as transaction:
        await transaction.get([POOLS[1]])
        first_attempts = await asyncio.gather(
            *(own.firestore.commit([rename(document, "new")], deadline) for document in stored),
            return_exceptions=True,
        )

        assert isinstance(first_attempts[1], Ambiguous)
        others = [POOLS[0], *POOLS[2:]]
        found = await own.firestore.get_all(others, deadline)
        await asyncio.gather(
            *(own.firestore.commit([rename(document, "newer")], deadline) for document in found.values())
        )

    assert await stored_names(own) == ["newer", NAMES[1], *["newer"] * (COUNT - 2)]
