"""Clients that send their body slowly or incompletely."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
from starlette.requests import Request
from starlette.types import Message

from shared.domain.access import Scope
from shared.domain.deadline import REQUEST_SECONDS
from shared.domain.errors import BodyTooSlow
from shared.domain.http_response import HttpResponse
from shared.edge import body
from shared.edge.auth import Authenticator
from shared.edge.problems import Family, Problems
from shared.edge.request_log import RequestLog
from shared.edge.resource import Call, Operation, Resource
from shared.edge.turns import Turns
from shared.edge.validation import Strict
from shared.pb.inventory.v1.records_pb2 import ApiKey

CHUNKS = 10_000  # takes much longer than the clock's resolution
PROBLEMS = Problems("https://api.example.com/errors")
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "headers": [(b"authorization", b"Bearer key")],
}


async def find_key(_: str) -> ApiKey:
    return ApiKey(scopes=[*Scope])


async def test_the_time_that_an_upload_takes_is_not_taken_from_the_store() -> None:
    received, left = [], []

    async def receive() -> Message:
        received.append(time.monotonic())
        return {"type": "http.request", "body": b"x", "more_body": len(received) < CHUNKS}

    async def send(_: Message) -> None:
        pass

    async def handle(call: Call) -> HttpResponse:
        left.append((call.body, call.deadline.left - (REQUEST_SECONDS - (time.monotonic() - received[-1]))))
        return HttpResponse(status=200)

    operation = Operation(
        name="send",
        summary="",
        method="POST",
        path="/",
        scope=Scope.MACHINES_WRITE,
        family=Family.MACHINES,
        handler=handle,
        body=Strict,
        success={200: None},
    )
    resource = Resource(
        [operation],
        authenticator=Authenticator(find_key, lambda: datetime.now(UTC)),
        problems=PROBLEMS,
        turns=Turns(),
    )
    await RequestLog(resource, new_id=lambda: "1", project="project")(dict(SCOPE), receive, send)

    [(sent, more)] = left
    assert sent == b"x" * CHUNKS
    assert more >= 0


async def test_a_body_that_does_not_come_to_its_end_is_not_waited_for() -> None:
    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(BodyTooSlow) as raised:
        await body.read(Request(SCOPE, receive), seconds=0)

    response = PROBLEMS.response(raised.value, instance="/", family=Family.POOLS, request_id="1")
    assert (response.status_code, response.headers["connection"]) == (408, "close")
