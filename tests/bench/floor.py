"""The floor: a bare function that only makes the product's RPCs.

It does not validate, authenticate, log, encode, decode or decide: it shows what a request takes without.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from http import HTTPStatus
from itertools import cycle
from pathlib import Path
from typing import Any

import functions_framework.aio
import grpc.aio
from google.protobuf.message import Message
from starlette.requests import Request
from starlette.responses import Response

from google_apis.firestore import document_pb2, firestore_pb2
from google_apis.pubsub import pubsub_pb2
from tests.bench.script import COMMIT, QUERIES, Script, Template, given_ids, load

# The product deletes published events from the outbox in the same way (shared/store/outbox.py).
COLLECT_SECONDS = 0.5
BATCH = 500

GET = "/google.firestore.v1.Firestore/GetDocument"

RESPONSES: dict[str, type[Message]] = {
    COMMIT: firestore_pb2.CommitResponse,
    GET: document_pb2.Document,
    "/google.firestore.v1.Firestore/BatchGetDocuments": firestore_pb2.BatchGetDocumentsResponse,
    "/google.firestore.v1.Firestore/RunQuery": firestore_pb2.RunQueryResponse,
    "/google.firestore.v1.Firestore/RunAggregationQuery": firestore_pb2.RunAggregationQueryResponse,
    "/google.pubsub.v1.Publisher/Publish": pubsub_pb2.PublishResponse,
}
UNARY = {COMMIT, GET, "/google.pubsub.v1.Publisher/Publish"}
UUID_LENGTH = 36
PROBE = "/health/liveness"


class Floor:
    """Responds to every request by a script, to each by the next one."""

    def __init__(self, scripts: Sequence[Script], project: str, firestore: str, pubsub: str) -> None:
        self._scripts = cycle([(script, b"x" * script.size) for script in scripts])
        self._database = f"projects/{project}/databases/(default)"
        channels = {
            "firestore": grpc.aio.insecure_channel(firestore),
            "pubsub": grpc.aio.insecure_channel(pubsub),
        }
        self._calls = {method: _call(channels[method.split(".")[1]], method) for method in RESPONSES}
        self._published: list[bytes] = []
        self._dropping: asyncio.Task[None] | None = None

    async def respond(self, path: bytes, body: bytes) -> Response:
        """Make the RPCs, and respond with as many bytes as the product."""
        script, content = next(self._scripts)
        values = given_ids(path, body)
        values += [_new_id(length) for length in script.fresh]
        read: list[Any] = []
        for stage in script.stages:
            if len(stage) == 1:
                read += await self._do(stage[0], values, read)
            else:
                await asyncio.gather(*(self._do(template, values, read) for template in stage))
        if script.outbox:
            self._drop([values[number] for number in script.outbox])
        return Response(content, script.status, media_type=script.content_type)

    async def _do(self, template: Template, values: Sequence[bytes], read: Sequence[Any]) -> list[Any]:
        call = self._calls[template.method]
        request = template.filled(values)
        if template.seen or template.in_transaction:
            request = _depending(template, request, read)
        if template.as_of_commit:
            # The fields of a serialized message can be in any order, so append the time.
            time = read[-1].commit_time
            request += QUERIES[template.method](read_time=time).SerializeToString()
        if template.method in UNARY:
            return [await call(request)]
        return [response async for response in call(request)]

    def _drop(self, ids: Sequence[bytes]) -> None:
        self._published += ids
        if self._dropping is None or self._dropping.done():
            self._dropping = asyncio.create_task(self._drop_collected())

    async def _drop_collected(self) -> None:
        while self._published:
            if len(self._published) < BATCH:
                await asyncio.sleep(COLLECT_SECONDS)
            batch, self._published = self._published[:BATCH], self._published[BATCH:]
            commit = firestore_pb2.CommitRequest(database=self._database)
            for document in batch:
                commit.writes.add(delete=f"{self._database}/documents/outbox/{document.decode()}")
            await self._calls[COMMIT](commit.SerializeToString())


def _call(channel: grpc.aio.Channel, method: str) -> Any:  # noqa: ANN401 - gRPC's own types differ by arity
    make = channel.unary_unary if method in UNARY else channel.unary_stream
    return make(method, response_deserializer=RESPONSES[method].FromString)


def _new_id(length: int) -> bytes:
    if length != UUID_LENGTH:
        return os.urandom(length // 2).hex().encode()
    # A UUIDv7 like the product's, whose keys grow, made as cheaply as possible.
    digits = f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-8{digits[17:20]}-{digits[20:]}".encode()


def _depending(template: Template, request: bytes, read: Sequence[Any]) -> bytes:
    """Set the values that depend on reads: the transaction, and the update times in preconditions."""
    commit = firestore_pb2.CommitRequest.FromString(request)
    seen = {}
    for response in read:
        if isinstance(response, document_pb2.Document):
            seen[response.name] = response.update_time
            continue
        if response.transaction:
            commit.transaction = response.transaction
        if response.HasField("found"):
            seen[response.found.name] = response.found.update_time
    for number in template.seen:
        write = commit.writes[number]
        write.current_document.update_time.CopyFrom(seen[write.update.name])
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    for number, name in template.times:
        timestamp = commit.writes[number].update.fields[name].timestamp_value
        timestamp.seconds, timestamp.nanos = seconds, nanos // 1000 * 1000
    return commit.SerializeToString()


_floor: Floor | None = None


@functions_framework.aio.http
async def floor(request: Request) -> Response:
    """Respond to a request. The first request creates the channels, because they belong to its event loop."""
    global _floor  # noqa: PLW0603 - functions-framework knows functions, not objects
    path = request.scope["path"]
    if path == PROBE:
        return Response()
    if _floor is None:
        _floor = Floor(
            load(Path(os.environ["FLOOR_SCRIPTS"])),
            os.environ["GOOGLE_CLOUD_PROJECT"],
            os.environ["FIRESTORE_EMULATOR_HOST"],
            os.environ["PUBSUB_EMULATOR_HOST"],
        )
    try:
        return await _floor.respond(path.encode(), await request.body())
    except grpc.aio.AioRpcError as error:
        return Response(str(error), HTTPStatus.SERVICE_UNAVAILABLE)  # a transaction waited too long
