"""The topics' schemas: Pub/Sub accepts them, and they match the model."""

import asyncio
import uuid
from functools import cache

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.pubsub import PublisherClient
from google.protobuf import descriptor_pool, text_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.pubsub_v1.types import Encoding, Schema
from hypothesis import given, settings
from hypothesis import strategies as st

import shared.pb.inventory.v1.events_pb2  # noqa: F401 - registers the topics' messages
from infra import ROOT
from infra.local import topology
from infra.local.pubsub.definitions import compiled
from tests.google_clients import PubSub
from tests.stack import RunningStack
from tests.unit.messages import messages

MESSAGE_OF = {
    topic.name: topic.message
    for topic in topology.load(topology.DEFAULT_FILE).topics.values()
    if topic.message
}
MESSAGES = sorted(set(MESSAGE_OF.values()))


def definition(name: str) -> str:
    return (ROOT / "infra" / "schemas" / f"{name}.proto").read_text()


def model(name: str) -> type[Message]:
    """Return the class that events are made with."""
    return GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))


@cache
def schema(name: str) -> type[Message]:
    """Return the class that the schema defines."""
    compiled_schema = asyncio.run(compiled(definition(name)))
    pool = DescriptorPool()
    pool.AddSerializedFile(compiled_schema.compiled_bytes)
    return GetMessageClass(pool.FindMessageTypeByName(compiled_schema.root_message))


@pytest.mark.parametrize("name", MESSAGES)
@settings(max_examples=30)
@given(st.data())
def test_what_the_model_writes_the_schema_reads(name: str, data: st.DataObject) -> None:
    """All fields have the same names and types, and none is unknown to the schema."""
    event = data.draw(messages(model(name)))

    read = schema(name).FromString(event.SerializeToString())

    assert text_format.MessageToString(event) == text_format.MessageToString(read)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_topic_with_the_schema_takes_its_events_and_nothing_else(name: str, stack: RunningStack) -> None:
    project = f"projects/schemas-{uuid.uuid4().hex[:8]}"
    pubsub = PubSub(stack.pubsub_emulator_host)
    with pubsub.schemas() as schemas, pubsub.publisher() as publisher:
        created = schemas.create_schema(
            parent=project,
            schema_id=name,
            schema=Schema(type_=Schema.Type.PROTOCOL_BUFFER, definition=definition(name)),
        )
        topic = f"{project}/topics/{name}"
        schema_settings = {"schema": created.name, "encoding": Encoding.BINARY}
        publisher.create_topic(request={"name": topic, "schema_settings": schema_settings})

        publisher.publish(topic, model(name)().SerializeToString(), change="any").result()
        with pytest.raises(InvalidArgument):
            publisher.publish(topic, b"no protobuf").result()


@pytest.mark.parametrize("topic", MESSAGE_OF)
def test_a_local_topic_rejects_what_the_deployed_one_does(
    topic: str, stack: RunningStack, publisher: PublisherClient
) -> None:
    name = publisher.topic_path(stack.project, topic)
    schema_settings = publisher.get_topic(topic=name).schema_settings
    assert schema_settings.schema == f"projects/{stack.project}/schemas/{MESSAGE_OF[topic]}"
    assert schema_settings.encoding == Encoding.BINARY
    with pytest.raises(InvalidArgument):
        publisher.publish(name, b"no protobuf").result()
