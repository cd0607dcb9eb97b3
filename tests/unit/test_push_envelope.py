"""The envelope that Pub/Sub pushes, and the event in it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain.errors import UndecodableEvent
from shared.domain.events import (
    Event,
    machine_created,
    machine_deleted,
    machine_updated,
    outbox_entry,
    pool_changed,
)
from shared.domain.machine_change import MachineChange
from shared.events.publisher import pubsub_message
from shared.events.push import decode
from shared.pb.inventory.v1.events_pb2 import (
    MachineCreated,
    MachineDeleted,
    MachineUpdated,
    PoolChange,
    PoolChanged,
)
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool

COMMITTED_AT = datetime(2026, 5, 4, 3, 2, 1, 123456, tzinfo=UTC)
SUBSCRIPTION = "projects/example/subscriptions/pool-cleanup"
BEFORE, AFTER = (Machine(id="m", organization_id="example", version=version) for version in (4, 5))
POOL = Pool(id="p", organization_id="example", version=7)


def envelope(event: Event) -> dict[str, Any]:
    message = pubsub_message(outbox_entry(event, "change", attempt=0), COMMITTED_AT)
    return {
        "message": {
            "data": base64.b64encode(message.data).decode(),
            "attributes": dict(message.attributes),
            "messageId": "1",
        },
        "subscription": SUBSCRIPTION,
        "deliveryAttempt": 3,
    }


def test_an_event_comes_with_its_attributes() -> None:
    event = decode(
        json.dumps(envelope(pool_changed(POOL, PoolChange.POOL_CHANGE_UPDATED))).encode(), PoolChanged
    )
    assert event.message.pool == POOL
    assert (event.id, event.subject, event.time) == ("change", "pools/p", COMMITTED_AT)
    assert (event.organization_id, event.change) == ("example", "updated")
    assert (event.subscription, event.attempt) == (SUBSCRIPTION, 3)


@pytest.mark.parametrize(
    ("event", "message_type", "version"),
    [
        (machine_created(BEFORE), MachineCreated, 4),
        (machine_updated(MachineChange(before=BEFORE, after=AFTER, fields=["name"])), MachineUpdated, 5),
        (machine_deleted(AFTER), MachineDeleted, 6),
        (pool_changed(POOL, PoolChange.POOL_CHANGE_UPDATED), PoolChanged, 7),
        (pool_changed(POOL, PoolChange.POOL_CHANGE_DELETED), PoolChanged, 8),
    ],
)
def test_an_event_says_its_place_among_the_changes_of_its_entity(
    event: Event,
    message_type: type[MachineCreated | MachineUpdated | MachineDeleted | PoolChanged],
    version: int,
) -> None:
    assert decode(json.dumps(envelope(event)).encode(), message_type).version == version


def test_a_subscription_without_dead_letters_counts_no_attempts() -> None:
    pushed = envelope(machine_created(BEFORE))
    del pushed["deliveryAttempt"]
    assert decode(json.dumps(pushed).encode(), MachineCreated).attempt == 0


def without(*path: str) -> bytes:
    pushed = envelope(machine_created(BEFORE))
    holder = pushed
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    return json.dumps(pushed).encode()


def with_message(**changes: object) -> bytes:
    pushed = envelope(machine_created(BEFORE))
    pushed["message"] |= changes
    return json.dumps(pushed).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"\xff",
        b"[" * 100_000,
        without("message"),
        without("subscription"),
        without("message", "attributes"),
        *(
            without("message", "attributes", name)
            for name in ("ce-id", "ce-type", "ce-time", "ce-subject", "organization_id", "change")
        ),
        with_message(data="*"),
        with_message(data=base64.b64encode(b"\xff").decode()),
        with_message(data=7),
        with_message(attributes=[]),
        json.dumps(envelope(machine_deleted(BEFORE))).encode(),
    ],
)
def test_what_is_no_event_of_the_subscription_is_rejected(body: bytes) -> None:
    with pytest.raises(UndecodableEvent):
        decode(body, MachineCreated)
