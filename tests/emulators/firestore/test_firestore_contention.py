"""Many concurrent Google async clients try to break totals, claims, counters, counts and shifts.

For more operations: `EMULATOR_OPERATIONS=20000 python -m pytest -k contention`.
"""

import asyncio
import itertools
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from google.api_core.exceptions import Aborted, AlreadyExists, FailedPrecondition
from google.cloud.firestore import AsyncClient, FieldFilter, Increment, async_transactional

from tests.emulators.firestore.emulator import Emulator

OPERATIONS = int(os.environ.get("EMULATOR_OPERATIONS", "600"))
CLIENTS = 8
BANK = [f"bank/account-{number}" for number in range(6)]
BALANCE = 100
TOTAL = len(BANK) * BALANCE

# The library's types lack many of its methods.
Client = Any
Transaction = Any
Body = Callable[[Transaction], Awaitable[Any]]


@pytest.fixture
def chance() -> random.Random:
    seed = time.time_ns()
    print(f"{seed=}")  # noqa: T201 - to investigate failures
    return random.Random(seed)  # noqa: S311 - not a secret


@pytest_asyncio.fixture
async def clients(emulator: Emulator, project: str) -> AsyncIterator[list[Client]]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
        clients: list[Client] = [AsyncClient(project=project) for _ in range(CLIENTS)]
    yield clients
    for client in clients:
        client.close()


async def in_transaction(client: Client, body: Body) -> Any:  # noqa: ANN401 - what the body returns
    """Run a transaction, and repeat it until it is committed."""
    transactional: Any = async_transactional
    while True:
        try:
            return await transactional(body)(client.transaction())
        except Aborted:
            continue  # a read failed; the client repeats only transactions whose commit failed
        except ValueError as error:
            if not isinstance(error.__cause__, Aborted):
                raise


async def read(client: Client, transaction: Transaction, *paths: str) -> list[Any]:
    """Read documents in a transaction, in the order of their paths."""
    documents = [client.document(path) for path in paths]
    found = {snapshot.id: snapshot async for snapshot in client.get_all(documents, transaction=transaction)}
    return [found[document.id] for document in documents]


async def test_transfers_never_change_the_total_under_any_read(
    clients: list[Client], chance: random.Random
) -> None:
    batch = clients[0].batch()
    for path in BANK:
        batch.set(clients[0].document(path), {"balance": BALANCE})
    await batch.commit()
    done = 0

    async def transfer(client: Client) -> None:
        nonlocal done
        while done < OPERATIONS / 6:
            source, target = chance.sample(BANK, 2)
            await in_transaction(client, moving(client, source, target, chance.randint(1, 30)))
            done += 1

    async def audit(client: Client) -> None:
        while done < OPERATIONS / 6:
            totals = [await total(client) for total in (by_query, by_sum, by_name, in_read_only_transaction)]
            assert totals == [TOTAL] * 4

    await together(*map(transfer, clients[2:]), *map(audit, clients[:2]))
    balances = [account.get("balance") async for account in clients[0].collection("bank").stream()]
    assert sum(balances) == TOTAL
    assert min(balances) >= 0


def moving(client: Client, source: str, target: str, amount: int) -> Body:
    async def move(transaction: Transaction) -> None:
        payer, payee = await read(client, transaction, source, target)
        if payer.get("balance") >= amount:
            transaction.update(payer.reference, {"balance": payer.get("balance") - amount})
            transaction.update(payee.reference, {"balance": payee.get("balance") + amount})

    return move


async def by_query(client: Client) -> int:
    found = client.collection("bank").where(filter=FieldFilter("balance", ">=", 0)).stream()
    return sum([account.get("balance") async for account in found])


async def by_sum(client: Client) -> int:
    return int((await client.collection("bank").sum("balance").get())[0][0].value)


async def by_name(client: Client) -> int:
    return sum([account.get("balance") async for account in client.get_all(map(client.document, BANK))])


async def in_read_only_transaction(client: Client) -> int:
    """Return the bank's total from two reads at different times, which must be as of the same time."""
    transactional: Any = async_transactional

    async def both(transaction: Transaction) -> int:
        some = await read(client, transaction, *BANK[:3])
        others = await read(client, transaction, *BANK[3:])
        return sum(account.get("balance") for account in some + others)

    return int(await transactional(both)(client.transaction(read_only=True)))


async def test_a_claim_is_never_given_twice(clients: list[Client], chance: random.Random) -> None:
    """In each round, all clients claim three names each, some of them the same: all three, or none."""
    winners: dict[str, str] = {}
    lost = 0

    async def claim(client: Client, owner: str, names: list[str]) -> None:
        nonlocal lost
        batch = client.batch()
        for name in names:
            batch.create(client.document(f"claims/{name}"), {"owner": owner})
        try:
            await batch.commit()
        except AlreadyExists:
            lost += 1
            return
        assert winners.keys().isdisjoint(names)
        winners.update(dict.fromkeys(names, owner))

    for round_ in range(OPERATIONS // 2 // CLIENTS):
        names = [f"{round_}-{number}" for number in range(CLIENTS)]
        await together(
            *(
                claim(client, f"{round_}-{number}", chance.sample(names, 3))
                for number, client in enumerate(clients)
            )
        )
    stored = {claim.id: claim.get("owner") async for claim in clients[0].collection("claims").stream()}
    assert stored == winners
    assert lost > 0


async def test_a_counter_loses_no_increment(clients: list[Client]) -> None:
    """Clients concurrently add one in three ways: by a transform, in a transaction, by a precondition."""
    counter = "counters/one"
    await clients[0].document(counter).set({"n": 0})

    async def by_transform(client: Client) -> None:
        await client.document(counter).update({"n": Increment(1)})

    async def by_transaction(client: Client) -> None:
        async def add(transaction: Transaction) -> None:
            (found,) = await read(client, transaction, counter)
            transaction.update(found.reference, {"n": found.get("n") + 1})

        await in_transaction(client, add)

    async def by_version(client: Client) -> None:
        while True:
            found = await client.document(counter).get()
            option = client.write_option(last_update_time=found.update_time)
            try:
                await found.reference.update({"n": found.get("n") + 1}, option=option)
            except FailedPrecondition:
                continue
            return

    ways = itertools.cycle([by_transform, by_transaction, by_version])
    increments = OPERATIONS // 4 // CLIENTS

    async def add_often(client: Client) -> None:
        for _ in range(increments):
            await next(ways)(client)

    await together(*map(add_often, clients))
    assert (await clients[0].document(counter).get()).get("n") == increments * CLIENTS


@pytest.mark.parametrize("counting", ["query", "aggregation"])
async def test_no_phantom_takes_a_place_that_was_counted_free(counting: str, clients: list[Client]) -> None:
    """Each room has two places. Each client that counts fewer than two taken places takes one more."""
    places = 2
    serial = itertools.count()

    async def enter(client: Client, room: int) -> None:
        async def take(transaction: Transaction) -> None:
            in_room = client.collection("places").where(filter=FieldFilter("room", "==", room))
            if counting == "query":
                taken = len([place async for place in await transaction.get(in_room)])
            else:
                taken = (await in_room.count().get(transaction=transaction))[0][0].value
            if taken < places:
                transaction.create(client.document(f"places/{next(serial)}"), {"room": room})

        await in_transaction(client, take)

    rooms = OPERATIONS // 8 // CLIENTS
    for room in range(rooms):
        await together(*(enter(client, room) for client in clients))
    taken = [place.get("room") async for place in clients[0].collection("places").stream()]
    assert sorted(taken) == [room for room in range(rooms) for _ in range(places)]


async def test_write_skew_leaves_no_shift_without_a_doctor(clients: list[Client]) -> None:
    """Doctors on call go home if another stays: each reads what the others write, and writes its own."""
    doctors = [f"doctors/{number}" for number in range(CLIENTS)]

    async def go_home(client: Client, doctor: str) -> None:
        async def leave(transaction: Transaction) -> None:
            all_of_them = await read(client, transaction, *doctors)
            if sum(found.get("on_call") for found in all_of_them) > 1:
                transaction.update(client.document(doctor), {"on_call": False})

        await in_transaction(client, leave)

    for _ in range(OPERATIONS // 16 // CLIENTS):
        batch = clients[0].batch()
        for doctor in doctors:
            batch.set(clients[0].document(doctor), {"on_call": True})
        await batch.commit()
        await together(*map(go_home, clients, doctors))
        found = [doctor.get("on_call") async for doctor in clients[0].collection("doctors").stream()]
        assert found.count(True) == 1


async def together(*actions: Awaitable[None]) -> None:
    """Run all concurrently."""
    await asyncio.gather(*actions)
