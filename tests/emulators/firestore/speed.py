"""Measure the emulator: `python -m tests.emulators.firestore.speed --seconds 5 --documents 100000`.

It commits three small writes at a time over 16 connections. Then it queries pages of 100 from many documents,
and takes the median of several queries. It prints one JSON object.
"""

import asyncio
import json
import random
import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio
from google.cloud.firestore import CollectionReference, FieldFilter, Query
from google.cloud.firestore_v1.types import CommitRequest, CommitResponse

from infra import os_errors
from infra.arguments import Parser, count, folder
from tests import proc
from tests.emulators.firestore.emulator import Emulator, running

CONNECTIONS = 16
COMMIT = "/google.firestore.v1.Firestore/Commit"
PROJECT = "speed"
DATABASE = f"projects/{PROJECT}/databases/(default)"
BATCH = 500
REPEATS = 9

_dice = random.Random(7)  # noqa: S311 - not a secret

# Plain protobuf messages, so that the client itself uses little time.
_Request: Any = CommitRequest.pb(CommitRequest()).__class__
_Response: Any = CommitResponse.pb(CommitResponse()).__class__


@os_errors.in_one_line()
def main() -> None:
    """Print the figures."""
    parser = Parser(prog="python -m tests.emulators.firestore.speed", description="Measure speed.")
    parser.add_argument("--seconds", type=count, default=5, help="duration of the commits")
    parser.add_argument("--documents", type=count, default=100_000, help="number of documents to query")
    parser.add_argument("--data", type=folder, help="keep the data in this folder (default: in memory)")
    arguments = parser.parse_args()
    flags = ["--data", str(arguments.data)] if arguments.data else []
    with running(*flags) as emulator:
        rate = asyncio.run(commits_per_second(emulator, arguments.seconds))
        figures = {"commits_per_second": round(rate), **queries(emulator, arguments.documents)}
    print(json.dumps(figures))  # noqa: T201 - the output


async def commits_per_second(emulator: Emulator, seconds: float) -> float:
    """Commit over several connections concurrently, and return the rate."""
    end = time.monotonic() + seconds
    counts = await asyncio.gather(*(_commit_until(emulator.host, end) for _ in range(CONNECTIONS)))
    return sum(counts) / seconds


async def _commit_until(host: str, end: float) -> int:
    done = 0
    options = [("grpc.use_local_subchannel_pool", 1)]  # a connection for each client
    async with grpc.aio.insecure_channel(host, options=options) as channel:
        commit = _stub(channel)
        while time.monotonic() < end:
            request = _Request(database=DATABASE)
            for collection in ("machines", "claims", "outbox"):
                write = request.writes.add()
                write.update.name = f"{DATABASE}/documents/{collection}/{uuid.uuid4()}"
                write.update.fields["name"].string_value = "machine"
                write.update.fields["number"].integer_value = done
                write.update.fields["labels"].map_value.fields["rack"].string_value = "r1"
                write.current_document.exists = False
            await commit(request)
            done += 1
    return done


def queries(emulator: Emulator, documents: int) -> dict[str, int | float]:
    """Fill a collection, and measure pages of it."""
    before = proc.memory(emulator.process.pid)
    payload = _fill(emulator.host, documents)
    overhead = (proc.memory(emulator.process.pid) - before - payload) / documents
    with emulator.client(PROJECT) as client:
        fleet = client.collection("fleet")
        groups = max(1, documents // 100)  # of a hundred documents each
        by_order = _median_ms(lambda: fleet.order_by("n").start_at({"n": _dice.random()}).limit(100))
        by_value = _median_ms(lambda: _where(fleet, "group", "==", _dice.randrange(groups)))
        by_element = _median_ms(
            lambda: _where(fleet, "tags", "array_contains", f"t{_dice.randrange(groups)}")
        )
    return {
        "overhead_bytes_per_document": round(overhead),
        "page_by_order_ms": by_order,
        "equal_ms": by_value,
        "array_contains_ms": by_element,
    }


def _fill(host: str, documents: int) -> int:
    """Commit documents, and return their total size in bytes."""
    size = 0
    with grpc.insecure_channel(host) as channel:
        commit = _stub(channel)
        for start in range(0, documents, BATCH):
            request = _Request(database=DATABASE)
            for number in range(start, min(start + BATCH, documents)):
                write = request.writes.add()
                write.update.name = f"{DATABASE}/documents/fleet/{uuid.uuid4()}"
                fields = write.update.fields
                fields["n"].double_value = _dice.random()
                fields["group"].integer_value = number // 100
                tags = fields["tags"].array_value.values
                tags.add().string_value = "all"
                tags.add().string_value = f"t{number // 100}"
            commit(request)
            size += request.ByteSize()
    return size


def _where(fleet: CollectionReference, path: str, operator: str, value: object) -> Query:
    return fleet.where(filter=FieldFilter(path, operator, value))


def _median_ms(build: Callable[[], Query]) -> float:
    """Return the median time of a query, without the first one, which creates the index."""
    list(build().stream())
    times = []
    for _ in range(REPEATS):
        query = build()
        start = time.perf_counter()
        list(query.stream())
        times.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(times), 1)


def _stub(channel: Any) -> Any:  # noqa: ANN401 - of either kind of channel
    return channel.unary_unary(
        COMMIT, request_serializer=_Request.SerializeToString, response_deserializer=_Response.FromString
    )


if __name__ == "__main__":
    main()
