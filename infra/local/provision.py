"""The initial content of the emulators: the topology's topics and subscriptions, and a development API key.

It is created with plain gRPC: Google's client libraries would take half of the stack's start-up time.
"""

import asyncio
import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeVar

import uuid6
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

# Without this, gRPC would warn when the stack forks during calls. It forks only to run other programs. gRPC
# reads the variable when it is imported.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

import grpc
import grpc.aio

from google_apis.firestore import firestore_pb2
from google_apis.pubsub import pubsub_pb2, schema_pb2
from infra import ROOT
from infra.api_key import digest
from infra.local.topology import Subscription, Topology, TopologyError

PROJECT = "muster-local"
ORGANIZATION = "development"
SCOPES = ("machines:read", "machines:write", "pools:read", "pools:write")
TIMEOUT = 20.0
SECONDS_A_DAY = 24 * 60 * 60

EXISTS = grpc.StatusCode.ALREADY_EXISTS
FAILED_PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND
UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED

Response = TypeVar("Response", bound=Message)


def check_schemas(topology: Topology, file: Path) -> None:
    """Check that the schemas of a file's topics have been generated.

    Raises:
        TopologyError: a schema is missing.
    """
    for topic in topology.topics.values():
        if topic.message and not _schema_file(topic.message).is_file():
            raise TopologyError(
                f"{file}: topics.{topic.name}: there is no schema of {topic.message}: "
                "write the message in proto/ and run make proto"
            )


async def declare_topics_and_subscriptions(host: str, topology: Topology, ports: Mapping[str, int]) -> None:
    """Create the topology's topics and schemas, and push subscriptions to the functions on these ports.

    Each dead-letter topic gets a pull subscription with the topic's name, which keeps its messages. Resources
    of an earlier run are changed to the current topology; those that it no longer declares stay unchanged.

    Raises:
        ConnectionError: the emulator rejects a call, or cannot be reached.
    """
    async with grpc.aio.insecure_channel(host) as channel:
        messages = sorted({topic.message for topic in topology.topics.values() if topic.message})
        schemas = await asyncio.gather(*(_declare_schema(channel, message) for message in messages))
        schema_of = dict(zip(messages, schemas, strict=True))
        for declared in topology.topics.values():
            topic = pubsub_pb2.Topic(name=_topic(declared.name))
            if declared.retention_days:
                retention = declared.retention_days * SECONDS_A_DAY
                topic.message_retention_duration.FromSeconds(retention)
            if declared.message and (schema := schema_of[declared.message]):
                topic.schema_settings.schema = schema
                topic.schema_settings.encoding = schema_pb2.Encoding.BINARY
            await _declare_topic(channel, topic)
        for subscription in topology.subscriptions.values():
            await _declare_subscription(channel, _pull(subscription.dead_letter.topic))
            await _declare_subscription(channel, _push(subscription, ports[subscription.function]))


async def store_development_key(host: str, api_key: str) -> None:
    """Store a key with all scopes in one organization.

    The fields are ApiKey's in proto/inventory/v1/records.proto.

    Raises:
        ConnectionError: the emulator rejects the call, or cannot be reached.
    """
    database = f"projects/{PROJECT}/databases/(default)"
    commit = firestore_pb2.CommitRequest(database=database)
    write = commit.writes.add()
    write.update.name = f"{database}/documents/api_keys/{digest(api_key)}"
    write.update.fields["id"].string_value = str(uuid6.uuid7())
    write.update.fields["organization_id"].string_value = ORGANIZATION
    for scope in SCOPES:
        write.update.fields["scopes"].array_value.values.add(string_value=scope)
    write.update.fields["created_at"].timestamp_value.FromSeconds(int(time.time()))
    write.current_document.exists = False  # a key in kept data stays unchanged
    async with grpc.aio.insecure_channel(host) as channel:
        method = "google.firestore.v1.Firestore/Commit"
        await _call(channel, method, commit, firestore_pb2.CommitResponse, {EXISTS})


def _schema_file(message: str) -> Path:
    return ROOT / "infra" / "schemas" / f"{message}.proto"


async def _declare_schema(channel: grpc.aio.Channel, message: str) -> str | None:
    """Create the schema of a message. Return its name, or None if the emulator does not support it."""
    service = "google.pubsub.v1.SchemaService"
    parent = f"projects/{PROJECT}"
    schema = schema_pb2.Schema(
        name=f"{parent}/schemas/{message}",
        type_=schema_pb2.Schema.Type.PROTOCOL_BUFFER,
        definition=_schema_file(message).read_text(),
    )
    get = schema_pb2.GetSchemaRequest(name=schema.name, view=schema_pb2.SchemaView.FULL)
    known = await _call(channel, f"{service}/GetSchema", get, schema_pb2.Schema, {NOT_FOUND, UNIMPLEMENTED})
    if not known:
        # Google's own emulator reportedly does not support protobuf schemas.
        create = schema_pb2.CreateSchemaRequest(parent=parent, schema_id=message, schema=schema)
        tolerated = {INVALID_ARGUMENT, UNIMPLEMENTED}
        if not await _call(channel, f"{service}/CreateSchema", create, schema_pb2.Schema, tolerated):
            return None
    elif known.definition != schema.definition:
        request = schema_pb2.CommitSchemaRequest(name=schema.name, schema=schema)
        commit = (f"{service}/CommitSchema", request, schema_pb2.Schema)
        if not await _call(channel, *commit, {FAILED_PRECONDITION}):
            await _drop_oldest_revision(channel, schema.name)
            await _call(channel, *commit)
    return schema.name


async def _drop_oldest_revision(channel: grpc.aio.Channel, schema: str) -> None:
    """Make room for another revision: a schema has at most 20, and the topics require no specific one."""
    service = "google.pubsub.v1.SchemaService"
    request = schema_pb2.ListSchemaRevisionsRequest(name=schema)
    response_type = schema_pb2.ListSchemaRevisionsResponse
    if listed := await _call(channel, f"{service}/ListSchemaRevisions", request, response_type):
        oldest = min(listed.schemas, key=lambda revision: revision.revision_create_time.ToNanoseconds())
        delete = schema_pb2.DeleteSchemaRevisionRequest(name=f"{schema}@{oldest.revision_id}")
        await _call(channel, f"{service}/DeleteSchemaRevision", delete, schema_pb2.Schema)


async def _declare_topic(channel: grpc.aio.Channel, topic: pubsub_pb2.Topic) -> None:
    service = "google.pubsub.v1.Publisher"
    if not await _call(channel, f"{service}/CreateTopic", topic, pubsub_pb2.Topic, {EXISTS}):
        update = pubsub_pb2.UpdateTopicRequest(topic=topic)
        update.update_mask.paths.extend(("message_retention_duration", "schema_settings"))
        # Google's own emulator reportedly cannot update topics.
        await _call(channel, f"{service}/UpdateTopic", update, pubsub_pb2.Topic, {UNIMPLEMENTED})


async def _declare_subscription(channel: grpc.aio.Channel, subscription: pubsub_pb2.Subscription) -> None:
    service = "google.pubsub.v1.Subscriber"
    create = (f"{service}/CreateSubscription", subscription, pubsub_pb2.Subscription)
    if await _call(channel, *create, {EXISTS}):
        return
    # It is from an earlier run: the function's port has changed, and the topology may have changed.
    get = pubsub_pb2.GetSubscriptionRequest(subscription=subscription.name)
    known = await _call(channel, f"{service}/GetSubscription", get, pubsub_pb2.Subscription)
    if known and _immutable(known) == _immutable(subscription):
        update = pubsub_pb2.UpdateSubscriptionRequest(subscription=subscription)
        update.update_mask.paths.extend(
            ("push_config", "ack_deadline_seconds", "retry_policy", "dead_letter_policy")
        )
        await _call(channel, f"{service}/UpdateSubscription", update, pubsub_pb2.Subscription)
    else:
        delete = pubsub_pb2.DeleteSubscriptionRequest(subscription=subscription.name)
        await _call(channel, f"{service}/DeleteSubscription", delete, Empty)
        await _call(channel, *create)


def _immutable(subscription: pubsub_pb2.Subscription) -> tuple[str, str, bool]:
    """Return the properties that cannot be updated: https://cloud.google.com/pubsub/docs/subscription-properties."""
    return subscription.topic, subscription.filter, subscription.enable_message_ordering


def _topic(name: str) -> str:
    return f"projects/{PROJECT}/topics/{name}"


def _pull(topic: str) -> pubsub_pb2.Subscription:
    return pubsub_pb2.Subscription(
        name=f"projects/{PROJECT}/subscriptions/{topic}",
        topic=_topic(topic),
        enable_message_ordering=True,
        ack_deadline_seconds=60,
    )


def _push(subscription: Subscription, port: int) -> pubsub_pb2.Subscription:
    message = pubsub_pb2.Subscription(
        name=f"projects/{PROJECT}/subscriptions/{subscription.name}",
        topic=_topic(subscription.topic),
        filter=subscription.filter,
        enable_message_ordering=subscription.ordered,
        ack_deadline_seconds=subscription.ack_deadline_seconds,
    )
    message.push_config.push_endpoint = f"http://127.0.0.1:{port}/"
    message.retry_policy.minimum_backoff.FromSeconds(subscription.retry.minimum_backoff_seconds)
    message.retry_policy.maximum_backoff.FromSeconds(subscription.retry.maximum_backoff_seconds)
    message.dead_letter_policy.dead_letter_topic = _topic(subscription.dead_letter.topic)
    message.dead_letter_policy.max_delivery_attempts = subscription.dead_letter.max_delivery_attempts
    return message


async def _call(
    channel: grpc.aio.Channel,
    method: str,
    request: Message,
    response_type: type[Response],
    tolerated: Collection[grpc.StatusCode] = (),
) -> Response | None:
    """Call a method. Return its response, or None if it fails with a tolerated status.

    Raises:
        ConnectionError: it fails with another status.
    """
    call: grpc.aio.UnaryUnaryMultiCallable[Message, Response] = channel.unary_unary(
        f"/{method}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=response_type.FromString,
    )
    # Emulators accept this token as an administrator's, to whom Firestore's security rules do not apply.
    metadata = (("authorization", "Bearer owner"),)
    try:
        return await call(request, timeout=TIMEOUT, wait_for_ready=True, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        if error.code() in tolerated:
            return None
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            raise ConnectionError(f"it has not answered for {TIMEOUT:g} seconds") from error
        raise ConnectionError(f"{method}: {error.code().name}: {error.details()}") from error
