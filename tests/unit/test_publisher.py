"""The log entries for events that are not published, and are left to the relay."""

from datetime import datetime
from typing import Any, cast

import pytest

from shared.bootstrap import now
from shared.domain.events import machine_created, outbox_entry
from shared.events.publisher import Publisher
from shared.pb.inventory.v1.machine_pb2 import Machine
from tests.logged import entries

ENTRY = outbox_entry(machine_created(Machine(id="m", organization_id="example")), "an event", attempt=0)


@pytest.fixture(autouse=True)
def _no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")


async def logged(committed_at: datetime, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Let a publish fail, and return its log entry."""
    assert await Publisher("project").publish([ENTRY], committed_at) == []
    [entry] = entries(capsys)
    assert (entry["topic"], entry["events"]) == ("machine-created", ["an event"])
    return entry


async def test_an_outage_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    entry = await logged(now(), capsys)
    assert entry["severity"] == "WARNING"
    assert "UNAVAILABLE" in entry["reason"]
    assert "exception" not in entry


async def test_a_fault_of_the_program_is_an_error_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    entry = await logged(cast("datetime", None), capsys)
    assert entry["severity"] == "ERROR"
    assert "AttributeError" in entry["exception"]
