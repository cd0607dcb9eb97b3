"""Clients that read and write a few registers at random, and record their history."""

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import grpc.aio
from google.api_core.exceptions import Aborted
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from google.cloud.firestore_v1.types import Document, StructuredQuery, Value, Write

from tests.emulators.firestore.history import DescribedRead, Operation, Result, State

REGISTERS = [f"r{number}" for number in range(6)]
COLLECTION = "registers"
_F = StructuredQuery.FieldFilter.Operator
_values = itertools.count(1)  # each value is written once, so that a read shows which write it saw

Results = list[tuple[DescribedRead, Result]]
Selector = dict[str, object]
Effect = tuple[int, Results, dict[str, int | None]]
"""The time of an operation, the results of its reads, and its writes."""
Read = Callable[[Selector], Awaitable[tuple[int, Results]]]


class Registers:
    """One client, which adds each successful operation to the history."""

    def __init__(self, name: str, host: str, database: str, seed: str, history: list[Operation]) -> None:
        self._name = name
        self._database = database
        self._history = history
        self._random = random.Random(seed)  # noqa: S311 - not a secret
        self._client = FirestoreAsyncClient(
            transport=FirestoreGrpcAsyncIOTransport(
                # By default, clients of one process share a connection to an address.
                channel=grpc.aio.insecure_channel(host, options=[("grpc.use_local_subchannel_pool", 1)])
            )
        )

    async def close(self) -> None:
        close: Any = self._client.transport.close  # it has no types
        await close()

    async def act(self, operations: int) -> None:
        """Do a number of operations. Operations that fail because of contention are not repeated."""
        kinds = {
            self._read_once: 3,
            self._read_past: 1,
            self._read_only: 2,
            self._think_better_of_it: 1,
            self._write: 3,
            self._read_and_write: 5,
        }
        for _ in range(operations):
            (act,) = self._random.choices([*kinds], weights=[*kinds.values()])
            began = time.monotonic()
            try:
                effective, results, writes = await act()
            except Aborted:
                continue
            self._history.append(
                Operation(
                    client=self._name,
                    began=began,
                    ended=time.monotonic(),
                    time=effective,
                    results=results,
                    writes=writes,
                    is_past=act == self._read_past,
                )
            )

    # Operations

    async def _read_once(self) -> Effect:
        return *await self._some_read()({}), {}

    async def _read_past(self) -> Effect:
        if not self._history:
            return await self._read_once()
        at = self._random.choice(self._history).time
        _, results = await self._some_read()({"read_time": _timestamp(at)})
        return at, results, {}

    async def _write(self) -> Effect:
        writes = self._some_writes()
        return await self._commit(writes), [], writes

    async def _read_only(self) -> Effect:
        """Make two reads of any kinds with a pause between them: both are as of the same time."""
        transaction = await self._begin({"read_only": {}})
        at, results = await self._some_read()({"transaction": transaction})
        await asyncio.sleep(self._random.uniform(0, 0.005))
        again, more = await self._some_read()({"transaction": transaction})
        if again != at:
            raise AssertionError(f"a read-only transaction moved from {at} to {again}")
        return at, results + more, {}

    async def _read_and_write(self) -> Effect:
        transaction = await self._begin({"read_write": {}})
        try:
            _, results = await self._some_read()({"transaction": transaction})
            if self._random.random() < 0.5:
                results += (await self._some_read()({"transaction": transaction}))[1]
            writes = self._some_writes()
            return await self._commit(writes, transaction), results, writes
        except Aborted:
            await self._client.rollback(request={"database": self._database, "transaction": transaction})
            raise

    async def _think_better_of_it(self) -> Effect:
        """Read in a transaction, and roll it back: its reads must be consistent too."""
        transaction = await self._begin({"read_write": {}})
        at, results = await self._some_read()({"transaction": transaction})
        await self._client.rollback(request={"database": self._database, "transaction": transaction})
        return at, results, {}

    # Reads

    def _some_read(self) -> Read:
        return self._random.choice([self._get, self._query, self._page, self._aggregate])

    async def _get(self, selector: Selector) -> tuple[int, Results]:
        wanted = self._random.sample(REGISTERS, self._random.randint(1, 4))
        request = {"database": self._database, "documents": [*map(self._path, wanted)], **selector}
        responses = await self._client.batch_get_documents(request=request, retry=None)
        at, found = 0, dict.fromkeys(wanted, 0)
        async for response in responses:
            at = _nanoseconds(response.read_time)
            if response.found.name:
                found[_register(response.found)] = response.found.fields["n"].integer_value
        return at, [(_each(wanted), found)]

    async def _query(self, selector: Selector) -> tuple[int, Results]:
        low = self._some_value()
        at, found = await self._run({"from_": _FROM, "where": _above(low)}, selector)
        return at, [(DescribedRead(f"all above {low}", lambda state: _items(state, low)), found)]

    async def _page(self, selector: Selector) -> tuple[int, Results]:
        size, low = self._random.randint(1, 3), self._some_value()
        order = [{"field": {"field_path": "n"}, "direction": "DESCENDING"}]
        query = {"from_": _FROM, "where": _above(low), "order_by": order, "limit": size}
        at, found = await self._run(query, selector)
        read = DescribedRead(
            f"the last {size} above {low}", lambda state: _items(state, low)[: -size - 1 : -1]
        )
        return at, [(read, found)]

    async def _run(self, query: dict[str, object], selector: Selector) -> tuple[int, list[tuple[str, int]]]:
        request = {"parent": f"{self._database}/documents", "structured_query": query, **selector}
        responses = await self._client.run_query(request=request, retry=None)
        at, found = 0, []
        async for response in responses:
            at = _nanoseconds(response.read_time)
            if response.document.name:
                found.append((_register(response.document), response.document.fields["n"].integer_value))
        return at, found

    async def _aggregate(self, selector: Selector) -> tuple[int, Results]:
        low = self._some_value()
        request = {
            "parent": f"{self._database}/documents",
            "structured_aggregation_query": {
                "structured_query": {"from_": _FROM, "where": _above(low)},
                "aggregations": [
                    {"alias": "count", "count": {}},
                    {"alias": "sum", "sum": {"field": {"field_path": "n"}}},
                ][: self._random.randint(1, 2)],
            },
            **selector,
        }
        responses = await self._client.run_aggregation_query(request=request, retry=None)
        (response,) = [response async for response in responses]
        found = {alias: value.integer_value for alias, value in response.result.aggregate_fields.items()}
        read = DescribedRead(
            f"{' and '.join(found)} above {low}", lambda state: _aggregates(state, low, found.keys())
        )
        return _nanoseconds(response.read_time), [(read, found)]

    # Writes

    def _some_writes(self) -> dict[str, int | None]:
        chosen = self._random.sample(REGISTERS, self._random.randint(1, 3))
        return {name: None if self._random.random() < 0.15 else next(_values) for name in chosen}

    async def _begin(self, options: dict[str, object]) -> bytes:
        response = await self._client.begin_transaction(
            request={"database": self._database, "options": options}
        )
        return response.transaction

    async def _commit(self, values: dict[str, int | None], transaction: bytes = b"") -> int:
        writes = [
            Write(delete=self._path(name))
            if value is None
            else Write(update=Document(name=self._path(name), fields={"n": Value(integer_value=value)}))
            for name, value in values.items()
        ]
        request = {"database": self._database, "writes": writes, "transaction": transaction}
        response = await self._client.commit(request=request, retry=None)
        return _nanoseconds(response.commit_time)

    def _path(self, register: str) -> str:
        return f"{self._database}/documents/{COLLECTION}/{register}"

    def _some_value(self) -> int:
        """Return a lower bound that usually excludes some registers."""
        latest = max(
            (value for done in self._history[-20:] for value in done.writes.values() if value), default=0
        )
        return max(0, latest - self._random.randint(0, 20))


_FROM = [{"collection_id": COLLECTION}]


def _above(low: int) -> dict[str, object]:
    condition = {"field": {"field_path": "n"}, "op": _F.GREATER_THAN, "value": {"integer_value": low}}
    return {"field_filter": condition}


def _each(wanted: Iterable[str]) -> DescribedRead:
    names = list(wanted)
    return DescribedRead(", ".join(names), lambda state: {name: state.get(name, 0) for name in names})


def _items(state: State, low: int) -> list[tuple[str, int]]:
    """Return all registers above a bound, ordered by value."""
    return sorted(((name, n) for name, n in state.items() if n > low), key=lambda item: item[1])


def _aggregates(state: State, low: int, aliases: Iterable[str]) -> dict[str, int]:
    values = [n for n in state.values() if n > low]
    every = {"count": len(values), "sum": sum(values)}
    return {alias: every[alias] for alias in aliases}


def _register(document: Document) -> str:
    return document.name.rpartition("/")[2]


def _nanoseconds(timestamp: Any) -> int:  # noqa: ANN401 - declared as a protobuf timestamp, it is a datetime
    return int(timestamp.timestamp_pb().ToNanoseconds())


def _timestamp(nanoseconds: int) -> dict[str, int]:
    return {"seconds": nanoseconds // 10**9, "nanos": nanoseconds % 10**9}
