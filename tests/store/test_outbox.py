"""Published events leave the outbox, and nothing that a request waits for depends on it."""

import asyncio

import pytest

from shared import logs
from shared.bootstrap import Inventory
from shared.store import paths
from tests.functions.machines.control import Control
from tests.logged import entries


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "FAILED_PRECONDITION"])
async def test_what_is_not_dropped_is_told_once_and_of_no_request(
    own: Inventory, firestore_control: Control, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    marker = own.firestore.name(paths.outbox("one"))
    await firestore_control.fail_next("Commit", pattern=marker, code=code)
    logs.REQUEST_ID.set("the first of many")
    before = asyncio.all_tasks()

    own.outbox.drop(["one", "another"])
    [dropping] = asyncio.all_tasks() - before
    await dropping

    [entry] = entries(capsys)
    assert entry["message"] == "outbox not emptied, left to the relay"
    assert entry["events"] == 2
    assert entry.get("request_id") is None
