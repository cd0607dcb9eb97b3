"""Provisioning of an emulator that has old data, or that does not support everything."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from google.pubsub_v1.types import Schema, SchemaView

from infra.local import provision, topology
from infra.local.provision import PROJECT, declare_topics_and_subscriptions
from tests.emulators.pubsub.emulator import Emulator, running

DECLARED = topology.load(topology.DEFAULT_FILE)
CLEANUP = DECLARED.subscriptions["pool-cleanup"]
PORTS = dict.fromkeys(DECLARED.functions, 1)
SCHEMA = f"projects/{PROJECT}/schemas/inventory.v1.PoolChanged"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator for one test, with the stack's project."""
    with running() as emulator:
        yield emulator


def topic(emulator: Emulator) -> tuple[object, str]:
    """Return the message retention and the schema of the topic for pools."""
    with emulator.publisher() as publisher:
        found = publisher.get_topic(topic=publisher.topic_path(PROJECT, "pool-changed"))
    return found.message_retention_duration, found.schema_settings.schema


async def test_a_topic_of_an_earlier_run_becomes_what_is_declared(emulator: Emulator) -> None:
    plain = topology.Topic(name="pool-changed", retention_days=1)
    earlier = DECLARED.model_copy(update={"topics": {**DECLARED.topics, "pool-changed": plain}})
    await declare_topics_and_subscriptions(emulator.host, earlier, PORTS)
    assert topic(emulator) == (timedelta(days=1), "")

    await declare_topics_and_subscriptions(emulator.host, DECLARED, PORTS)

    assert topic(emulator) == (timedelta(days=7), SCHEMA)


@pytest.mark.parametrize(
    ("earlier", "is_made_anew"),
    [
        (CLEANUP.model_copy(update={"filter": ""}), True),
        (CLEANUP.model_copy(update={"topic": "machine-deleted"}), True),
        (CLEANUP.model_copy(update={"ordered": True}), True),
        (CLEANUP.model_copy(update={"ack_deadline_seconds": 10}), False),
    ],
)
async def test_a_subscription_of_an_earlier_run_becomes_what_is_declared(
    emulator: Emulator, earlier: topology.Subscription, *, is_made_anew: bool
) -> None:
    """It is created again only if an update is impossible, because that deletes its messages."""
    await declare_topics_and_subscriptions(
        emulator.host, DECLARED.model_copy(update={"subscriptions": {CLEANUP.name: earlier}}), PORTS
    )

    await declare_topics_and_subscriptions(emulator.host, DECLARED, PORTS)

    with emulator.subscriber() as subscriber:
        found = subscriber.get_subscription(subscription=subscriber.subscription_path(PROJECT, CLEANUP.name))
    assert (found.topic, found.filter) == (f"projects/{PROJECT}/topics/pool-changed", CLEANUP.filter)
    assert (found.enable_message_ordering, found.ack_deadline_seconds) == (False, 60)
    rpcs = emulator.counters(PROJECT)["rpcs"]
    assert isinstance(rpcs, dict)
    assert is_made_anew == ("DeleteSubscription" in rpcs)


async def test_a_changed_schema_of_an_earlier_run_gets_a_revision_and_an_unchanged_one_does_not(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("infra.local.provision.ROOT", tmp_path)
        folder = tmp_path / "infra" / "schemas"
        folder.mkdir(parents=True)
        for message in {declared.message for declared in DECLARED.topics.values() if declared.message}:
            (folder / f"{message}.proto").write_text('syntax = "proto3"; message Old { string id = 1; }')
        await declare_topics_and_subscriptions(emulator.host, DECLARED, PORTS)

    for _ in range(2):
        await declare_topics_and_subscriptions(emulator.host, DECLARED, PORTS)

    with emulator.schemas() as schemas:
        newest, *others = schemas.list_schema_revisions(request={"name": SCHEMA, "view": SchemaView.FULL})
    assert len(others) == 1
    assert "message PoolChanged" in newest.definition + others[0].definition


async def test_a_schema_that_has_all_its_revisions_loses_the_oldest_one(emulator: Emulator) -> None:
    with emulator.schemas() as schemas:
        old = {"type_": Schema.Type.PROTOCOL_BUFFER, "definition": 'syntax = "proto3"; message Old {}'}
        parent, _, schema_id = SCHEMA.partition("/schemas/")
        first = schemas.create_schema(parent=parent, schema_id=schema_id, schema=old)
        for _ in range(19):
            schemas.commit_schema(name=SCHEMA, schema=old | {"name": SCHEMA})

        await declare_topics_and_subscriptions(emulator.host, DECLARED, PORTS)

        kept = list(schemas.list_schema_revisions(request={"name": SCHEMA, "view": SchemaView.FULL}))
    assert len(kept) == 20
    assert any("message PoolChanged" in revision.definition for revision in kept)
    assert first.revision_id not in {revision.revision_id for revision in kept}


@pytest.mark.parametrize("code", ["UNIMPLEMENTED", "INVALID_ARGUMENT"])
async def test_an_emulator_without_schemas_gets_its_topics_all_the_same(
    emulator: Emulator, code: str
) -> None:
    emulator.fault(method="CreateSchema", count=8, code=code)
    emulator.fault(method="UpdateTopic", count=5, code="UNIMPLEMENTED")
    for _ in range(2):
        await declare_topics_and_subscriptions(emulator.host, DECLARED, PORTS)
    assert topic(emulator) == (timedelta(days=7), "")


async def test_an_emulator_that_nobody_runs_is_reported_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "TIMEOUT", 0.5)
    with pytest.raises(ConnectionError, match=r"^it has not answered for 0\.5 seconds$"):
        await declare_topics_and_subscriptions("127.0.0.1:1", DECLARED, PORTS)
