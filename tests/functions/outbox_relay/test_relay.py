"""The relay publishes events that requests left in the outbox."""

import asyncio
import dataclasses
import os
import time
from datetime import datetime, timedelta
from typing import Any

import grpc
import httpx
import pytest

from functions.outbox_relay.relay import relay
from shared.bootstrap import Inventory, now
from shared.concurrency import MAX_CONCURRENCY
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.events import backlog
from shared.pb.inventory.v1.events_pb2 import MachineCreated
from shared.pb.inventory.v1.machine_pb2 import Machine
from tests.control import Control
from tests.functions.outbox_relay.outbox import FilledOutbox, entry, rejected_entry
from tests.logged import entries
from tests.plain_http import NO_AUTHORITIES
from tests.stack import RunningStack

# `make test` uses a small backlog. RELAY_BACKLOG=10000 must be published within a minute.
BACKLOG = int(os.environ.get("RELAY_BACKLOG", "1200"))
A_MINUTE = 60.0


async def test_an_event_that_waited_is_published_as_its_commit_left_it(
    aged: Inventory, outbox: FilledOutbox
) -> None:
    committed_at = await outbox.put([entry("change")])
    await relay(aged)
    [message] = outbox.published()
    attributes = dict(message.attributes)
    assert datetime.fromisoformat(attributes.pop("ce-time")) == committed_at
    assert attributes == dict(entry("change").attributes)
    assert MachineCreated.FromString(message.data).machine.version == 1
    assert message.ordering_key == "machine"
    assert await outbox.waiting() == 0


async def test_events_of_one_key_are_published_in_the_order_of_their_commits(
    aged: Inventory, outbox: FilledOutbox
) -> None:
    for version in range(1, 13):
        await outbox.put(
            [entry(f"{key}-{version}", key=key, version=version) for key in ("one", "another", "third")]
        )
    await relay(aged)
    published = outbox.published()
    for key in ("one", "another", "third"):
        ids = [message.attributes["ce-id"] for message in published if message.ordering_key == key]
        assert ids == [f"{key}-{version}" for version in range(1, 13)]


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(minutes=10)], ids=["", "clock-ahead"])
async def test_an_event_whose_request_may_still_run_is_left_to_it(
    own: Inventory, outbox: FilledOutbox, ahead: timedelta
) -> None:
    """The request looks for the event if its commit got no answer."""
    await outbox.put([entry("change")])
    await relay(dataclasses.replace(own, clock=lambda: now() + ahead))
    assert outbox.published() == []
    assert await outbox.waiting() == 1


async def test_an_empty_outbox_costs_the_one_read_of_any_query(
    aged: Inventory, outbox: FilledOutbox, own_control: Control
) -> None:
    await relay(aged)
    assert await own_control.rpcs() == {"RunQuery": 1}
    assert await own_control.billed("reads") == 1
    assert outbox.published() == []


async def test_a_backlog_of_less_than_a_page_costs_its_reads_and_deletes(
    aged: Inventory, outbox: FilledOutbox, own_control: Control
) -> None:
    await outbox.put([entry("one"), entry("another")])
    before = await own_control.rpcs()
    await relay(aged)
    assert await own_control.rpcs() - before == {"RunQuery": 1, "Commit": 1}
    assert await own_control.billed("reads") == 2
    assert await own_control.billed("deletes") == 2


async def test_a_poison_event_is_reported_and_stops_no_other(
    aged: Inventory, outbox: FilledOutbox, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {f"good-{number}" for number in range(50)}
    await outbox.put_undecodable("undecodable")
    await outbox.put(
        [entry("no-such-topic", topic="gone"), rejected_entry("refused"), *(entry(each) for each in good)]
    )
    await relay(aged)
    assert good == set(outbox.published_ids())
    assert await outbox.waiting() == 3
    *reported, report = entries(capsys)
    assert {(logged["severity"], logged["message"]) for logged in reported} == {
        ("ERROR", "events that cannot be published")
    }
    assert {name for logged in reported for name in logged["documents"]} == {
        outbox.document("undecodable"),
        outbox.document("no-such-topic"),
        outbox.document("refused"),
    }
    reasons = {tuple(logged["documents"]): logged["reason"] for logged in reported}
    assert "gone" in reasons[outbox.document("no-such-topic"),]
    assert "attribute" in reasons[outbox.document("refused"),]
    figures = tuple(report[name] for name in ("backlog", "published", "refused", "complete"))
    assert (*figures, report["severity"]) == (53, 50, 3, True, "INFO")


async def test_a_topic_that_is_not_there_is_looked_for_once(
    aged: Inventory, outbox: FilledOutbox, pubsub_control: Control, capsys: pytest.CaptureFixture[str]
) -> None:
    """Smaller batches for the topic would fail too."""
    await outbox.put(entry(f"change-{number}", topic="gone") for number in range(8))
    await relay(aged)
    assert (await pubsub_control.rpcs())["Publish"] == 1
    assert await outbox.waiting() == 8
    *_, report = entries(capsys)
    assert (report["backlog"], report["refused"]) == (8, 8)


async def test_a_reason_is_reported_once_for_all_keys(
    aged: Inventory, outbox: FilledOutbox, capsys: pytest.CaptureFixture[str]
) -> None:
    await outbox.put(entry(f"change-{number}", key=f"{number}", topic="gone") for number in range(1001))
    await relay(aged)
    *reported, _ = entries(capsys)
    assert [len(logged["documents"]) for logged in reported] == [1000, 1]
    assert len({name for logged in reported for name in logged["documents"]}) == 1001


@pytest.mark.parametrize(("count", "size"), [(2000, 0), (18, 900_000)], ids=["many", "large"])
async def test_events_of_one_key_are_published_in_as_few_requests_as_pubsub_allows(
    aged: Inventory, outbox: FilledOutbox, pubsub_control: Control, count: int, size: int
) -> None:
    """A request with more than 1,000 messages or 10 MB would be rejected, and sent again in halves."""
    events = [entry(f"change-{number}") for number in range(count)]
    for event in events:
        event.data += MachineCreated(machine=Machine(name="x" * size)).SerializeToString()
    at_once = 9 if size else count
    for start in range(0, count, at_once):
        await outbox.put(events[start : start + at_once])
    await relay(aged)
    assert (await pubsub_control.rpcs())["Publish"] == 2
    assert await outbox.waiting() == 0


async def test_the_report_has_the_age_of_the_oldest_event(
    aged: Inventory, outbox: FilledOutbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Events are read in the order of their names, not of their commits. The clock is the store's."""
    committed_at = [await outbox.put([entry(event_id, key=event_id)]) for event_id in ("b", "a", "c")]
    await asyncio.sleep(0.01)
    await relay(dataclasses.replace(aged, clock=lambda: now() - timedelta(minutes=10)))
    [report] = entries(capsys)
    assert report["backlog"] == 3
    oldest = timedelta(seconds=report["oldest_seconds"])
    assert committed_at[-1] - committed_at[0] < oldest < now() - committed_at[0]


async def test_events_around_a_rejected_one_stay_in_order(aged: Inventory, outbox: FilledOutbox) -> None:
    for version in range(1, 9):
        make = rejected_entry if version == 3 else entry
        await outbox.put([make(f"{version}", version=version)])
    await relay(aged)
    assert outbox.published_ids() == list("1245678")


async def test_a_publish_that_fails_once_is_repeated(
    aged: Inventory, outbox: FilledOutbox, pubsub_control: Control
) -> None:
    """If one failure in a hundred ended a run, a long backlog would take hours."""
    await outbox.put(entry(f"change-{number}", key=f"{number}") for number in range(100))
    for number in range(0, 100, 10):
        code = "UNAVAILABLE" if number % 20 else "DEADLINE_EXCEEDED"
        await pubsub_control.fail_next("Publish", pattern=f"^{number}$", code=code)
    await relay(aged)
    assert set(outbox.published_ids()) == {f"change-{number}" for number in range(100)}
    assert await outbox.waiting() == 0
    assert await pubsub_control.waiting() == []


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry failed publishes for a short time only."""
    monkeypatch.setattr("shared.events.backlog.SECONDS", 0.5)


@pytest.mark.usefixtures("hurried")
async def test_what_pubsub_does_not_take_now_stays_for_the_next_call(
    aged: Inventory, outbox: FilledOutbox, pubsub_control: Control
) -> None:
    await outbox.put([entry("change")])
    await pubsub_control.fail_next("Publish", pattern=outbox.project, code="UNAVAILABLE", count=1000)
    with pytest.raises(Unavailable):
        await relay(aged)
    assert await outbox.waiting() == 1
    await pubsub_control.forget()
    await relay(aged)
    assert outbox.published_ids() == ["change"]
    assert await outbox.waiting() == 0


@pytest.mark.usefixtures("hurried")
async def test_a_topic_that_fails_does_not_stop_the_others(
    aged: Inventory, outbox: FilledOutbox, pubsub_control: Control
) -> None:
    await outbox.put([entry("created"), entry("updated", topic="machine-updated")])
    await pubsub_control.fail_next(
        "Publish", pattern=f"{outbox.project}/topics/machine-created", code="UNAVAILABLE", count=1000
    )
    with pytest.raises(Unavailable):
        await relay(aged)
    assert outbox.published_ids("machine-updated") == ["updated"]
    assert outbox.published("machine-created") == []


@pytest.mark.usefixtures("hurried")
async def test_each_topic_that_fails_is_logged_once(
    aged: Inventory, outbox: FilledOutbox, pubsub_control: Control, capsys: pytest.CaptureFixture[str]
) -> None:
    topics = {"machine-created": "UNAVAILABLE", "machine-updated": "PERMISSION_DENIED"}
    for topic, code in topics.items():
        await outbox.put(entry(f"{topic}-{number}", key=f"{number}", topic=topic) for number in range(3))
        pattern = f"{outbox.project}/topics/{topic}"
        await pubsub_control.fail_next("Publish", pattern=pattern, count=1000, code=code)
    with pytest.raises(Unavailable):
        await relay(aged)
    logged = [entry for entry in entries(capsys) if entry["severity"] == "ERROR"]
    assert topics.keys() == {entry["topic"] for entry in logged}
    assert len(topics) == len(logged)
    assert all(topics[entry["topic"]] in entry["exception"] for entry in logged)


async def test_a_topic_that_fails_is_left_alone(
    aged: Inventory, outbox: FilledOutbox, pubsub_control: Control
) -> None:
    await outbox.put(entry(f"change-{number}", key=f"{number}") for number in range(2 * MAX_CONCURRENCY))
    await pubsub_control.fail_next(
        "Publish", pattern=outbox.project, count=2 * MAX_CONCURRENCY, code="PERMISSION_DENIED"
    )
    with pytest.raises(Unavailable):
        await relay(aged)
    # Those in progress when the first one fails.
    assert (await pubsub_control.rpcs())["Publish"] <= MAX_CONCURRENCY
    assert await outbox.waiting() == 2 * MAX_CONCURRENCY


async def test_what_is_published_when_the_time_is_over_is_dropped(
    aged: Inventory, outbox: FilledOutbox, pubsub_control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.outbox_relay.relay.SECONDS", 1.0)
    await outbox.put([entry("created"), entry("updated", topic="machine-updated")])
    await pubsub_control.fail_next(
        "Publish", pattern=f"{outbox.project}/topics/machine-updated", delay_ms=60_000
    )
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await relay(aged)
    assert time.monotonic() - started < backlog.SECONDS  # the limit for a publish if there is more time
    assert outbox.published_ids() == ["created"]
    assert await outbox.waiting() == 1


async def test_a_publish_without_a_response_does_not_take_all_the_time(
    aged: Inventory, outbox: FilledOutbox, pubsub_control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events of the next part can still be published."""
    usual = backlog.SECONDS
    monkeypatch.setattr("shared.events.backlog.SECONDS", 0.5)
    await outbox.put([entry("change")])
    await pubsub_control.fail_next("Publish", pattern=outbox.project, delay_ms=60_000)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await relay(aged)
    assert time.monotonic() - started < usual
    assert await outbox.waiting() == 1


@pytest.mark.parametrize(
    "fault", [{"delay_ms": 60_000}, {"code": "PERMISSION_DENIED"}], ids=["held", "denied"]
)
async def test_a_drop_that_fails_is_no_failure_of_the_topic_and_is_made_up_for(
    aged: Inventory, outbox: FilledOutbox, own_control: Control, fault: dict[str, Any]
) -> None:
    ids = {f"change-{number}" for number in range(1010)}  # of one key, and too many for one publish
    await outbox.put(entry(event_id) for event_id in ids)
    await own_control.fail_next("Commit", pattern=outbox.project, **fault)
    await relay(aged)
    assert await own_control.forget() == []
    assert ids == set(outbox.published_ids())
    assert await outbox.waiting() == 0


async def test_a_failure_that_nobody_foresaw_is_reported_and_raised(
    aged: Inventory, outbox: FilledOutbox, own_control: Control, capsys: pytest.CaptureFixture[str]
) -> None:
    await outbox.put([entry("change")])
    await own_control.fail_next("Commit", pattern=outbox.project, code="PERMISSION_DENIED")
    with pytest.raises(grpc.aio.AioRpcError, match="PERMISSION_DENIED"):
        await relay(aged)
    [report] = [logged for logged in entries(capsys) if logged["message"].startswith("outbox:")]
    assert (report["published"], report["complete"], report["severity"]) == (1, False, "WARNING")
    assert "exception" not in report  # the request's log entry has it


async def test_a_backlog_that_cannot_be_read_is_not_reported_as_empty(
    aged: Inventory, outbox: FilledOutbox, own_control: Control, capsys: pytest.CaptureFixture[str]
) -> None:
    await outbox.put([entry("change")])
    await own_control.fail_next("RunQuery", pattern=outbox.project, code="PERMISSION_DENIED")
    with pytest.raises(grpc.aio.AioRpcError, match="PERMISSION_DENIED"):
        await relay(aged)
    assert entries(capsys) == []


@pytest.mark.parametrize(
    "limits",
    [{"max_events": 1000, "max_bytes": 1_010_000}, {"max_events": 50, "max_bytes": 10**9}],
    ids=["bytes", "events"],
)
async def test_many_or_large_events_are_held_in_smaller_parts(
    own: Inventory, outbox: FilledOutbox, limits: dict[str, int]
) -> None:
    large = entry("large").data + b"x" * 20_000
    entries = [entry(f"change-{number}") for number in range(110)]
    for one in entries:
        one.data = large
    await outbox.put(entries)
    waiting = own.outbox.waiting(**limits, deadline=Deadline(20))
    parts = [documents async for documents, _ in waiting]
    assert [len(documents) for documents in parts] == [50, 50, 10]
    assert len({document.name for documents in parts for document in documents}) == 110


async def test_a_backlog_is_read_in_time_if_each_call_takes_long(
    aged: Inventory, outbox: FilledOutbox, own_control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise no call would publish anything, however often the schedule repeats it."""
    monkeypatch.setattr("functions.outbox_relay.relay.SECONDS", 10.0)
    await outbox.put(entry(f"change-{number}") for number in range(1001))
    await own_control.fail_next("RunQuery", pattern=outbox.project, delay_ms=1000, count=1000)
    await relay(aged)
    assert len(outbox.published()) == 1001
    assert await outbox.waiting() == 0


async def test_relays_at_once_publish_everything_and_do_no_harm(
    aged: Inventory, outbox: FilledOutbox
) -> None:
    await outbox.put([entry(f"change-{number}", key=f"{number}") for number in range(100)])
    await asyncio.gather(*(relay(aged) for _ in range(3)))
    assert set(outbox.published_ids()) == {f"change-{number}" for number in range(100)}
    assert await outbox.waiting() == 0


async def test_a_long_backlog_is_drained_within_a_minute(
    aged: Inventory, outbox: FilledOutbox, capsys: pytest.CaptureFixture[str]
) -> None:
    await outbox.put([entry(f"change-{number}", key=f"{number % 997}") for number in range(BACKLOG)])
    started = time.monotonic()
    await relay(aged)
    assert time.monotonic() - started < A_MINUTE * min(1, BACKLOG / 10_000) + 5
    [report] = [logged for logged in entries(capsys) if logged["message"].startswith("outbox:")]
    figures = tuple(report[name] for name in ("backlog", "published", "refused", "complete"))
    assert figures == (BACKLOG, BACKLOG, 0, True)
    assert len(set(outbox.published_ids())) == BACKLOG
    assert await outbox.waiting() == 0


async def test_the_schedule_can_call_the_relay(stack: RunningStack) -> None:
    async with httpx.AsyncClient(verify=NO_AUTHORITIES) as client:
        response = await client.post(stack.functions["outbox_relay"])
        assert response.status_code == 204
        wrong = await client.get(stack.functions["outbox_relay"])
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "POST")
