"""Requests that share a call each get their own answer, or an error if the call has none."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from shared.domain.deadline import Deadline
from shared.store.errors import Ambiguous
from shared.store.shared_calls import SharedCalls


async def one(kind: str, name: str, request: int, _: float) -> str:
    await asyncio.sleep(0)  # in flight while the others begin
    return f"{kind} {name} {request}"


async def answer_all(calls: SharedCalls[str, int, str]) -> list[str | BaseException]:
    """Make one request, and three more while it is in flight."""
    return await asyncio.gather(
        *(calls.answer("kind", name, number, Deadline(5)) for number, name in enumerate("abcd")),
        return_exceptions=True,
    )


async def test_answers_in_any_order_reach_their_requests() -> None:
    async def several(kind: str, requests: Mapping[str, int], _: float) -> AsyncIterator[tuple[str, str]]:
        for name in sorted(requests, reverse=True):
            yield name, await one(kind, name, requests[name], 0)

    answers = await answer_all(SharedCalls(one, several))

    assert answers == ["kind a 0", "kind b 1", "kind c 2", "kind d 3"]


async def test_a_request_without_an_answer_fails() -> None:
    async def several(_: str, requests: Mapping[str, int], __: float) -> AsyncIterator[tuple[str, str]]:
        yield min(requests), "answer"

    first, second, *others = await answer_all(SharedCalls(one, several))

    assert (first, second) == ("kind a 0", "answer")
    assert all(isinstance(other, Ambiguous) for other in others)


async def test_a_request_is_sent_at_once_if_nothing_is_in_flight() -> None:
    sent: list[str] = []

    async def one(_: str, name: str, __: int, ___: float) -> str:
        sent.append(name)
        await asyncio.sleep(0)  # in flight while the others begin
        return name

    async def several(_: str, requests: Mapping[str, int], __: float) -> AsyncIterator[tuple[str, str]]:
        for name in requests:
            yield name, name

    calls = SharedCalls(one, several)
    await answer_all(calls)

    alone = asyncio.create_task(calls.answer("kind", "alone", 0, Deadline(5)))
    await asyncio.sleep(0)

    assert sent[-1] == "alone"
    await alone


async def test_requests_of_the_next_turns_of_the_event_loop_share_a_call() -> None:
    shared: list[list[str]] = []
    end = asyncio.Event()

    async def one(_: str, name: str, __: int, ___: float) -> str:
        await end.wait()
        return name

    async def several(_: str, requests: Mapping[str, int], __: float) -> AsyncIterator[tuple[str, str]]:
        shared.append(list(requests))
        for name in requests:
            yield name, name

    calls = SharedCalls(one, several)
    async with asyncio.TaskGroup() as requests:
        for name in "abcd":
            requests.create_task(calls.answer("kind", name, 0, Deadline(5)))
            await asyncio.sleep(0)
        end.set()

    assert shared == [["b", "c", "d"]]


async def test_a_cancelled_request_does_not_keep_the_others_from_failing() -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def several(_: str, requests: Mapping[str, int], __: float) -> AsyncIterator[tuple[str, str]]:
        begun.set()
        await end.wait()
        yield max(requests), "answer"
        raise RuntimeError

    calls = SharedCalls(one, several)
    requests = [asyncio.create_task(calls.answer("kind", name, 0, Deadline(5))) for name in "abcd"]
    await begun.wait()
    requests[1].cancel()
    end.set()
    async with asyncio.timeout(20):
        outcomes = await asyncio.gather(*requests, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [str, asyncio.CancelledError, RuntimeError, str]


async def test_requests_of_a_cancelled_call_fail() -> None:
    """gRPC cancels its calls if the channel is closed."""

    async def several(_: str, requests: Mapping[str, int], __: float) -> AsyncIterator[tuple[str, str]]:
        yield min(requests), "answer"
        raise asyncio.CancelledError

    async with asyncio.timeout(20):
        first, second, *others = await answer_all(SharedCalls(one, several))

    assert (first, second) == ("kind a 0", "answer")
    assert all(isinstance(other, Ambiguous) for other in others)


async def test_an_error_after_some_answers_fails_the_others() -> None:
    async def several(_: str, requests: Mapping[str, int], __: float) -> AsyncIterator[tuple[str, str]]:
        yield min(requests), "answer"
        raise RuntimeError

    first, second, *others = await answer_all(SharedCalls(one, several))

    assert (first, second) == ("kind a 0", "answer")
    assert all(isinstance(other, RuntimeError) for other in others)


async def test_a_call_has_half_of_the_time_until_the_earliest_deadline_of_its_requests() -> None:
    timeouts: list[float] = []

    async def several(_: str, requests: Mapping[str, int], seconds: float) -> AsyncIterator[tuple[str, str]]:
        timeouts.append(seconds)
        for name in requests:
            yield name, "answer"

    calls = SharedCalls(one, several)
    deadlines = [Deadline(seconds, monotonic=lambda: 0.0) for seconds in (5, 5, 4.5, 5.5)]
    await asyncio.gather(
        *(calls.answer("kind", name, 0, deadline) for name, deadline in zip("abcd", deadlines, strict=True))
    )

    assert timeouts == [4.5 / 2]


async def test_cancelled_requests_leave_nothing_in_flight() -> None:
    received: list[str] = []

    async def note(_: str, name: str, __: int, ___: float) -> str:
        received.append(name)
        await asyncio.sleep(0)
        return name

    async def several(kind: str, requests: Mapping[str, int], _: float) -> AsyncIterator[tuple[str, str]]:
        for name in requests:
            yield name, await note(kind, name, 0, 0)

    calls = SharedCalls(note, several)
    for turns in range(8):
        requests = [asyncio.create_task(calls.answer("kind", name, 0, Deadline(5))) for name in "abcd"]
        for _ in range(turns):
            await asyncio.sleep(0)
        for request in requests:
            request.cancel()
        await asyncio.wait(requests)
        for _ in range(20):
            await asyncio.sleep(0)  # the call goes on without its requests
    received.clear()

    alone = asyncio.create_task(calls.answer("kind", "alone", 0, Deadline(5)))
    await asyncio.sleep(0)

    assert received == ["alone"]  # at once, without a wait for others
    assert await alone == "alone"
