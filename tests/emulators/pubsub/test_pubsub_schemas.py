from pathlib import Path

import pytest
from google.api_core.exceptions import (
    FailedPrecondition,
    GoogleAPICallError,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud.pubsub_v1 import PublisherClient, SchemaServiceClient, SubscriberClient
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from google.pubsub_v1.types import Encoding, Schema, SchemaView

from tests.emulators.pubsub.emulator import running
from tests.emulators.pubsub.pulling import pull

DEFINITION = """
    syntax = "proto3";
    package shop;
    message Order {
      message Line { int64 count = 1; }
      string name = 1;
      repeated Line lines = 2;
    }
"""
IMPORTING = """
    syntax = "proto3";
    import "google/protobuf/timestamp.proto";
    message Order { google.protobuf.Timestamp time = 1; }
"""
NUMBERED = 'syntax = "proto3"; message Order { int64 number = 1; }'


def create(schemas: SchemaServiceClient, project: str, definition: str = DEFINITION) -> str:
    return str(
        schemas.create_schema(
            parent=project,
            schema_id="orders",
            schema=Schema(type_=Schema.Type.PROTOCOL_BUFFER, definition=definition),
        ).name
    )


def create_topic(publisher: PublisherClient, schema: str, encoding: int, **revisions: str) -> str:
    name = schema.replace("schemas", "topics")
    settings = {"schema": schema, "encoding": encoding, **revisions}
    publisher.create_topic(request={"name": name, "schema_settings": settings})
    return name


def test_a_message_of_the_schema_is_delivered_with_the_attributes_that_name_it(
    publisher: PublisherClient, subscriber: SubscriberClient, schemas: SchemaServiceClient, project: str
) -> None:
    schema = create(schemas, project)
    topic = create_topic(publisher, schema, Encoding.BINARY)
    subscription = f"{project}/subscriptions/orders"
    subscriber.create_subscription(name=subscription, topic=topic)
    content = StringValue(value="an order").SerializeToString()
    publisher.publish(topic, content, own="attribute").result()
    (received,) = pull(subscriber, subscription)
    assert received.message.data == content
    assert dict(received.message.attributes) == {
        "own": "attribute",
        "googclient_schemaname": schema,
        "googclient_schemaencoding": "BINARY",
        "googclient_schemarevisionid": schemas.get_schema(name=schema).revision_id,
    }


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        (Encoding.BINARY, b"\x0a\x05short"[:-1]),
        (Encoding.BINARY, b"\xff"),
        (Encoding.JSON, b"{"),
        (Encoding.JSON, b'{"name": 1}'),
        (Encoding.JSON, b'{"unknown": "field"}'),
        (Encoding.JSON, b'{"lines": [{"count": "many"}]}'),
        (Encoding.JSON, b"\xff"),
    ],
)
def test_what_is_not_of_the_schema_is_not_published(
    publisher: PublisherClient, schemas: SchemaServiceClient, project: str, encoding: Encoding, content: bytes
) -> None:
    topic = create_topic(publisher, create(schemas, project), encoding)
    with pytest.raises(InvalidArgument, match="Message failed schema validation"):
        publisher.publish(topic, content).result()


def test_json_of_the_schema_is_published(
    publisher: PublisherClient, schemas: SchemaServiceClient, project: str
) -> None:
    topic = create_topic(publisher, create(schemas, project), Encoding.JSON)
    assert publisher.publish(topic, b'{"name": "x", "lines": [{"count": "3"}, {"count": 4}]}').result()


@pytest.mark.parametrize(
    "definition",
    [
        "",
        "message Order {",
        'syntax = "proto3"; message Order { Missing field = 1; }',
        'syntax = "proto3"; message Order {} message Another {}',
        'syntax = "proto3"; enum Only { NONE = 0; }',
        IMPORTING,
    ],
)
def test_a_bad_definition_is_rejected(schemas: SchemaServiceClient, project: str, definition: str) -> None:
    schema = Schema(name="orders", type_=Schema.Type.PROTOCOL_BUFFER, definition=definition)
    with pytest.raises(InvalidArgument):
        schemas.validate_schema(parent=project, schema=schema)
    with pytest.raises(InvalidArgument):
        create(schemas, project, definition)
    with pytest.raises(NotFound):
        schemas.get_schema(name=f"{project}/schemas/orders")


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("message Order {", "schema.proto:1:16: Reached end of input in message definition (missing '}')."),
        (
            'syntax = "proto3"; message Order {\nMissing one = 1;\nAbsent two = 2;\n}',
            'schema.proto:2:1: "Missing" is not defined.\nschema.proto:3:1: "Absent" is not defined.',
        ),
    ],
)
def test_what_is_wrong_with_a_definition_is_reported_in_the_compilers_words_alone(
    definition: str, words: str, schemas: SchemaServiceClient, project: str
) -> None:
    with pytest.raises(InvalidArgument) as raised:
        create(schemas, project, definition)
    assert raised.value.message == f"Invalid schema: {words}"


def test_a_large_definition_compiles(schemas: SchemaServiceClient, project: str) -> None:
    assert create(schemas, project, "// at length\n" * 20_000 + NUMBERED)


def test_avro_is_not_implemented(schemas: SchemaServiceClient, project: str) -> None:
    with pytest.raises(MethodNotImplemented, match=r"Schema\.type AVRO"):
        schemas.validate_schema(parent=project, schema=Schema(type_=Schema.Type.AVRO, definition="{}"))


@pytest.mark.parametrize(
    ("content", "encoding", "error"),
    [
        (b'{"name": "x"}', Encoding.JSON, None),
        (b'{"name": 1}', Encoding.JSON, InvalidArgument),
        (b"\x0a\x01x", Encoding.BINARY, None),
        (b"\x0a", Encoding.BINARY, InvalidArgument),
        (b"\x0a\x01x", Encoding.ENCODING_UNSPECIFIED, InvalidArgument),
    ],
)
def test_a_message_can_be_validated_alone(
    schemas: SchemaServiceClient,
    project: str,
    content: bytes,
    encoding: Encoding,
    error: type[GoogleAPICallError] | None,
) -> None:
    request = {"parent": project, "name": create(schemas, project), "message": content, "encoding": encoding}
    if error is None:
        schemas.validate_message(request=request)
    else:
        with pytest.raises(error):
            schemas.validate_message(request=request)


def test_a_schema_has_revisions(schemas: SchemaServiceClient, project: str) -> None:
    name = create(schemas, project)
    first = schemas.get_schema(name=name)
    numbered = Schema(name=name, type_=Schema.Type.PROTOCOL_BUFFER, definition=NUMBERED)
    second = schemas.commit_schema(name=name, schema=numbered)
    assert schemas.get_schema(name=name) == second
    assert schemas.get_schema(name=f"{name}@{first.revision_id}") == first
    third = schemas.rollback_schema(name=name, revision_id=first.revision_id)
    assert third.definition == DEFINITION
    listed = {revision.revision_id for revision in schemas.list_schema_revisions(name=name)}
    assert listed == {first.revision_id, second.revision_id, third.revision_id}
    assert schemas.delete_schema_revision(name=f"{name}@{third.revision_id}") == second
    with pytest.raises(NotFound):
        schemas.get_schema(name=f"{name}@{third.revision_id}")


def test_a_revision_to_delete_or_to_copy_must_be_named(schemas: SchemaServiceClient, project: str) -> None:
    name = create(schemas, project)
    schemas.rollback_schema(name=name, revision_id=schemas.get_schema(name=name).revision_id)
    latest = schemas.get_schema(name=name)
    for unnamed in (name, f"{name}@"):
        with pytest.raises(InvalidArgument):
            schemas.delete_schema_revision(name=unnamed)
    with pytest.raises(InvalidArgument):
        schemas.rollback_schema(name=name)
    assert schemas.get_schema(name=name) == latest


def test_a_schema_has_at_most_twenty_revisions(schemas: SchemaServiceClient, project: str) -> None:
    name = create(schemas, project)
    first = schemas.get_schema(name=name)
    for _ in range(18):
        schemas.rollback_schema(name=name, revision_id=first.revision_id)
    last = schemas.rollback_schema(name=name, revision_id=first.revision_id)
    with pytest.raises(FailedPrecondition, match="at most 20 revisions"):
        schemas.rollback_schema(name=name, revision_id=first.revision_id)
    numbered = Schema(name=name, type_=Schema.Type.PROTOCOL_BUFFER, definition=NUMBERED)
    with pytest.raises(FailedPrecondition, match="at most 20 revisions"):
        schemas.commit_schema(name=name, schema=numbered)
    assert schemas.get_schema(name=name) == last
    schemas.delete_schema_revision(name=f"{name}@{first.revision_id}")
    assert schemas.commit_schema(name=name, schema=numbered).definition == NUMBERED


def test_a_topic_takes_the_revisions_that_it_allows(
    publisher: PublisherClient, subscriber: SubscriberClient, schemas: SchemaServiceClient, project: str
) -> None:
    name = create(schemas, project, NUMBERED)
    first = schemas.get_schema(name=name).revision_id
    named = Schema(name=name, type_=Schema.Type.PROTOCOL_BUFFER, definition=DEFINITION)
    schemas.commit_schema(name=name, schema=named)
    topic = create_topic(publisher, name, Encoding.BINARY, first_revision_id=first, last_revision_id=first)
    subscription = f"{project}/subscriptions/orders"
    subscriber.create_subscription(name=subscription, topic=topic)
    with pytest.raises(InvalidArgument):
        publisher.publish(topic, b"\x0a").result()
    publisher.publish(topic, Int64Value(value=7).SerializeToString()).result()
    (received,) = pull(subscriber, subscription)
    assert received.message.attributes["googclient_schemarevisionid"] == first


def test_without_its_schema_a_topic_takes_nothing(
    publisher: PublisherClient, schemas: SchemaServiceClient, project: str
) -> None:
    name = create(schemas, project)
    topic = create_topic(publisher, name, Encoding.JSON)
    schemas.delete_schema(name=name)
    assert publisher.get_topic(topic=topic).schema_settings.schema == "_deleted-schema_"
    with pytest.raises(FailedPrecondition):
        publisher.publish(topic, b"{}").result()


def test_schemas_are_listed_without_their_definitions_unless_asked(
    schemas: SchemaServiceClient, project: str
) -> None:
    create(schemas, project)
    assert [schema.definition for schema in schemas.list_schemas(parent=project)] == [""]
    full = schemas.list_schemas(request={"parent": project, "view": SchemaView.FULL})
    assert [schema.definition for schema in full] == [DEFINITION]


def test_a_topic_needs_a_schema_that_exists(publisher: PublisherClient, project: str) -> None:
    with pytest.raises(NotFound):
        create_topic(publisher, f"{project}/schemas/missing", Encoding.JSON)


def test_a_restart_finds_schemas(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as emulator:
        schemas, publisher = emulator.schemas(), emulator.publisher()
        name = create(schemas, "projects/durable")
        topic = create_topic(publisher, name, Encoding.JSON)
        before = schemas.get_schema(name=name)
    with running("--data", str(tmp_path)) as emulator:
        schemas, publisher = emulator.schemas(), emulator.publisher()
        assert schemas.get_schema(name=name) == before
        with pytest.raises(InvalidArgument):
            publisher.publish(topic, b"[]").result()
