"""Calls for single documents that become one call if they begin at the same time.

A call takes more of a function's time than what the function does with a document, and each further document
of a call takes little: docs/decisions/0013-shared-calls.md.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from typing import Generic, TypeVar

from shared.domain.deadline import Deadline
from shared.store.errors import Ambiguous

Kind = TypeVar("Kind", bound=Hashable)
Request = TypeVar("Request")
Answer = TypeVar("Answer")

# While others are in flight, a call waits for more requests during this many turns of the event loop. A turn
# runs what is ready, such as what has just arrived. If nothing is ready, it takes microseconds.
TURNS = 3
# A call gets its time from the earliest deadline of its requests. So these may differ by this many seconds at
# most from the first request's.
DEADLINE_DIFFERENCE = 1.0
# A call for several requests ends after this share of the time left. If one document keeps it waiting, such
# as one with a lock, the other requests still have time to be repeated.
TIME_SHARE = 0.5


class SharedCalls(Generic[Kind, Request, Answer]):
    """Answers requests for single documents.

    Args:
        one: makes a call for one request, given its kind, its document's name, and a timeout in seconds.
        several: makes a call for requests of one kind, given by their documents' names. Yields each name with
            the answer.
    """

    def __init__(
        self,
        one: Callable[[Kind, str, Request, float], Awaitable[Answer]],
        several: Callable[[Kind, Mapping[str, Request], float], AsyncIterator[tuple[str, Answer]]],
    ) -> None:
        self._one = one
        self._several = several
        self._in_flight = 0
        self._waiting: dict[Kind, _Group[Request, Answer]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, kind: Kind, name: str, request: Request, deadline: Deadline) -> Answer:
        """Return the answer to a request.

        Args:
            kind: only requests of the same kind share a call.
            name: the document's name; a call has only one request for each document.
            request: the request.
            deadline: when to stop.

        Raises:
            Exception: what the call raises.
            Ambiguous: the call ended without an answer to this request.
        """
        if not self._in_flight:
            self._in_flight += 1
            try:
                return await self._one(kind, name, request, deadline.left)
            finally:
                self._in_flight -= 1
        group = self._waiting.get(kind)
        if group is None or not group.accepts(name, deadline):
            group = self._waiting[kind] = _Group()
            task = asyncio.create_task(self._run(kind, group))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await group.add(name, request, deadline)

    async def _run(self, kind: Kind, group: "_Group[Request, Answer]") -> None:
        self._in_flight += 1
        try:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if self._waiting.get(kind) is group:
                del self._waiting[kind]
            await self._call(kind, group)
        except Exception as error:  # noqa: BLE001 - each request raises it
            group.fail(error)
        finally:  # also if the call was cancelled
            self._in_flight -= 1
            group.fail(Ambiguous("the call ended without an answer"))

    async def _call(self, kind: Kind, group: "_Group[Request, Answer]") -> None:
        if len(group.requests) == 1:
            [(name, request)] = group.requests.items()
            group.succeed(name, await self._one(kind, name, request, group.seconds_left))
            return
        async for name, answer in self._several(kind, group.requests, group.seconds_left * TIME_SHARE):
            group.succeed(name, answer)


class _Group(Generic[Request, Answer]):
    """Requests that share a call."""

    def __init__(self) -> None:
        self.requests: dict[str, Request] = {}
        self._deadlines: list[Deadline] = []
        self._answers: dict[str, asyncio.Future[Answer]] = {}

    def accepts(self, name: str, deadline: Deadline) -> bool:
        difference = abs(deadline.left - self._deadlines[0].left)
        return name not in self.requests and difference <= DEADLINE_DIFFERENCE

    def add(self, name: str, request: Request, deadline: Deadline) -> "asyncio.Future[Answer]":
        self.requests[name] = request
        self._deadlines.append(deadline)
        self._answers[name] = answer = asyncio.get_running_loop().create_future()
        return answer

    @property
    def seconds_left(self) -> float:
        return min(deadline.left for deadline in self._deadlines)

    def succeed(self, name: str, answer: Answer) -> None:
        waiting = self._answers.pop(name)
        if not waiting.done():  # cancelled with its request
            waiting.set_result(answer)

    def fail(self, error: Exception) -> None:
        """Fail the requests without an answer."""
        while self._answers:  # emptied, because the error's traceback leads to this group
            _, waiting = self._answers.popitem()
            if not waiting.done():
                waiting.set_exception(error)
