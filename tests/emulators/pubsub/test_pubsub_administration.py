from datetime import UTC, datetime

import grpc
import pytest
from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.cloud.pubsub_v1.subscriber.message import Message
from google.pubsub_v1.types import Subscription, Topic

from tests.emulators.pubsub.emulator import Emulator
from tests.emulators.pubsub.pulling import data, pull_now


def test_a_subscription_is_created_with_productions_defaults(
    subscriber: SubscriberClient, subscription: str, topic: str
) -> None:
    assert subscriber.get_subscription(subscription=subscription) == Subscription(
        {
            "name": subscription,
            "topic": topic,
            "push_config": {},
            "ack_deadline_seconds": 10,
            "message_retention_duration": {"seconds": 7 * 86_400},
            "expiration_policy": {"ttl": {"seconds": 31 * 86_400}},
            "state": Subscription.State.ACTIVE,
        }
    )


def test_a_subscription_shows_its_topics_retention(
    publisher: PublisherClient, subscriber: SubscriberClient, subscription: str, topic: str
) -> None:
    retention = {"seconds": 3600}
    update = {"topic": {"name": topic, "message_retention_duration": retention}}
    publisher.update_topic(request={**update, "update_mask": {"paths": ["message_retention_duration"]}})
    shown = subscriber.get_subscription(subscription=subscription)
    assert Subscription.pb(shown).topic_message_retention_duration.seconds == 3600


def test_a_name_is_taken_once(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    with pytest.raises(AlreadyExists, match=r"Resource already exists in the project \(resource=news\)"):
        publisher.create_topic(name=topic)
    with pytest.raises(AlreadyExists, match=r"\(resource=readers\)"):
        subscriber.create_subscription(name=subscription, topic=topic)


def test_what_is_not_there_is_not_found(
    publisher: PublisherClient, subscriber: SubscriberClient, project: str
) -> None:
    topic, subscription = f"{project}/topics/missing", f"{project}/subscriptions/missing"
    with pytest.raises(NotFound, match=r"Resource not found \(resource=missing\)"):
        publisher.publish(topic, b"lost").result()
    for call in (publisher.get_topic, publisher.delete_topic, publisher.list_topic_subscriptions):
        with pytest.raises(NotFound):
            call(topic=topic)
    with pytest.raises(NotFound):
        subscriber.create_subscription(name=subscription, topic=topic)
    for call in (subscriber.get_subscription, subscriber.delete_subscription):
        with pytest.raises(NotFound):
            call(subscription=subscription)
    with pytest.raises(NotFound):
        subscriber.pull(subscription=subscription, max_messages=1)
    with pytest.raises(NotFound):
        subscriber.acknowledge(subscription=subscription, ack_ids=["any"])


@pytest.mark.parametrize(
    "identifier", ["ab", "1abc", "-abc", "googol", "sp ace", "sl/ash", "ümlaut", "a" * 256, ""]
)
def test_a_bad_name_is_rejected(
    identifier: str, publisher: PublisherClient, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    with pytest.raises(InvalidArgument, match="Invalid resource name given"):
        publisher.create_topic(name=f"{project}/topics/{identifier}")
    with pytest.raises(InvalidArgument, match="Invalid resource name given"):
        subscriber.create_subscription(name=f"{project}/subscriptions/{identifier}", topic=topic)


@pytest.mark.parametrize("identifier", ["abc", "A-_.~+%z", "a" * 255])
def test_a_good_name_is_taken(identifier: str, publisher: PublisherClient, project: str) -> None:
    name = f"{project}/topics/{identifier}"
    assert publisher.create_topic(name=name) == Topic(name=name, state=Topic.State.ACTIVE)


def test_an_update_changes_what_its_mask_names(subscriber: SubscriberClient, subscription: str) -> None:
    before = subscriber.get_subscription(subscription=subscription)
    update = {"name": subscription, "ack_deadline_seconds": 77, "labels": {"team": "red"}}
    after = subscriber.update_subscription(
        request={"subscription": update, "update_mask": {"paths": ["ack_deadline_seconds"]}}
    )
    before.ack_deadline_seconds = 77
    assert after == before == subscriber.get_subscription(subscription=subscription)


def test_a_mask_can_clear(publisher: PublisherClient, project: str) -> None:
    name = f"{project}/topics/labelled"
    publisher.create_topic(request={"name": name, "labels": {"team": "red"}})
    after = publisher.update_topic(request={"topic": {"name": name}, "update_mask": {"paths": ["labels"]}})
    assert after == Topic(name=name, state=Topic.State.ACTIVE)


@pytest.mark.parametrize("paths", [[], ["filter"], ["topic"], ["enable_message_ordering"], ["nothing"]])
def test_an_update_of_what_cannot_change_is_rejected(
    paths: list[str], subscriber: SubscriberClient, subscription: str, topic: str
) -> None:
    update = {"name": subscription, "topic": topic, "filter": "attributes:x", "enable_message_ordering": True}
    with pytest.raises(InvalidArgument, match="update_mask"):
        subscriber.update_subscription(request={"subscription": update, "update_mask": {"paths": paths}})


@pytest.mark.parametrize("path", ["retry_policy.nope", "retry_policy.", "labels.team", "labels.team.red"])
def test_an_update_of_a_field_that_does_not_exist_is_rejected(
    path: str, subscriber: SubscriberClient, subscription: str
) -> None:
    update = {"name": subscription, "labels": {"team": "red"}, "retry_policy": {}}
    before = subscriber.get_subscription(subscription=subscription)
    with pytest.raises(InvalidArgument, match=f"update_mask.*{path}"):
        subscriber.update_subscription(request={"subscription": update, "update_mask": {"paths": [path]}})
    assert subscriber.get_subscription(subscription=subscription) == before


def test_a_mask_can_name_a_part_of_a_setting(subscriber: SubscriberClient, subscription: str) -> None:
    update = {"name": subscription, "retry_policy": {"minimum_backoff": {"seconds": 5}}}
    mask = {"paths": ["retry_policy.minimum_backoff.seconds"]}
    after = subscriber.update_subscription(request={"subscription": update, "update_mask": mask})
    backoff = Subscription.pb(after).retry_policy
    assert (backoff.minimum_backoff.seconds, backoff.maximum_backoff.seconds) == (5, 600)


def test_an_update_is_checked_like_a_creation(subscriber: SubscriberClient, subscription: str) -> None:
    update = {"name": subscription, "ack_deadline_seconds": 5}
    with pytest.raises(InvalidArgument, match="ack_deadline_seconds"):
        subscriber.update_subscription(
            request={"subscription": update, "update_mask": {"paths": ["ack_deadline_seconds"]}}
        )
    assert subscriber.get_subscription(subscription=subscription).ack_deadline_seconds == 10


def test_lists_come_in_pages(publisher: PublisherClient, subscriber: SubscriberClient, project: str) -> None:
    topics = [f"{project}/topics/topic-{number}" for number in range(5)]
    for name in topics:
        publisher.create_topic(name=name)
    pages = publisher.list_topics(request={"project": project, "page_size": 2}).pages
    assert [[topic.name for topic in page.topics] for page in pages] == [topics[:2], topics[2:4], topics[4:]]
    (page,) = publisher.list_topics(request={"project": project, "page_size": 5}).pages
    assert [topic.name for topic in page.topics] == topics
    subscriptions = [f"{project}/subscriptions/subscription-{number}" for number in range(5)]
    for name in subscriptions:
        subscriber.create_subscription(name=name, topic=topics[0])
    listed = subscriber.list_subscriptions(request={"project": project, "page_size": 2})
    assert [subscription.name for subscription in listed] == subscriptions
    attached = publisher.list_topic_subscriptions(request={"topic": topics[0], "page_size": 3})
    assert list(attached) == subscriptions


def test_lists_are_of_one_project(publisher: PublisherClient, project: str, topic: str) -> None:
    publisher.create_topic(name=f"{project}x/topics/news")
    assert [found.name for found in publisher.list_topics(project=project)] == [topic]


def test_a_detached_subscription_has_nothing_and_gets_nothing(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    stream = subscriber.subscribe(subscription, callback=Message.ack)
    publisher.detach_subscription(request={"subscription": subscription})
    with pytest.raises(FailedPrecondition):
        stream.result(timeout=10)
    publisher.publish(topic, b"missed").result()
    assert subscriber.get_subscription(subscription=subscription).detached
    assert list(publisher.list_topic_subscriptions(topic=topic)) == []
    with pytest.raises(FailedPrecondition):
        subscriber.pull(subscription=subscription, max_messages=1)
    with pytest.raises(FailedPrecondition):
        subscriber.seek(request={"subscription": subscription, "time": datetime.now(UTC)})


def test_a_subscription_created_anew_is_empty(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    publisher.publish(topic, b"before").result()
    subscriber.delete_subscription(subscription=subscription)
    subscriber.create_subscription(name=subscription, topic=topic)
    assert data(pull_now(subscriber, subscription)) == []


def test_a_push_subscription_is_not_pulled(subscriber: SubscriberClient, project: str, topic: str) -> None:
    name = f"{project}/subscriptions/pushing"
    push_config = {"push_endpoint": "http://127.0.0.1:9/nobody"}
    subscriber.create_subscription(request={"name": name, "topic": topic, "push_config": push_config})
    with pytest.raises(FailedPrecondition, match="not supported for this subscription type"):
        subscriber.pull(subscription=name, max_messages=1)


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://example.com",
        "example.com",
        "http://",
        "http://a b",
        "http://example.com:65536/",
        "http://example.com:0/",
        "http://example.com:port/",
        "http://[::1/",
    ],
)
def test_a_bad_endpoint_is_rejected(
    endpoint: str, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    with pytest.raises(InvalidArgument, match="Invalid push endpoint"):
        subscriber.create_subscription(
            request={
                "name": f"{project}/subscriptions/pushing",
                "topic": topic,
                "push_config": {"push_endpoint": endpoint},
            }
        )


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"push_config": {"push_endpoint": "http://h/", "no_wrapper": {}}}, "PushConfig.no_wrapper"),
        ({"push_config": {"attributes": {"x-goog-version": "v1beta1"}}}, "PushConfig.attributes"),
    ],
)
def test_settings_of_a_push_that_are_not_implemented_are_named(
    settings: dict[str, object], named: str, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    name = f"{project}/subscriptions/modern"
    with pytest.raises(MethodNotImplemented) as raised:
        subscriber.create_subscription(request={"name": name, "topic": topic, **settings})
    assert named in str(raised.value)
    with pytest.raises(NotFound):
        subscriber.get_subscription(subscription=name)


def test_methods_that_are_not_implemented_name_themselves(
    publisher: PublisherClient, subscriber: SubscriberClient, project: str, topic: str, subscription: str
) -> None:
    with pytest.raises(MethodNotImplemented, match=r"google\.pubsub\.v1\.Subscriber/CreateSnapshot"):
        subscriber.create_snapshot(name=f"{project}/snapshots/some", subscription=subscription)
    with pytest.raises(MethodNotImplemented, match=r"google\.pubsub\.v1\.Publisher/ListTopicSnapshots"):
        publisher.list_topic_snapshots(topic=topic)
    with pytest.raises(MethodNotImplemented, match=r"google\.iam\.v1\.IAMPolicy/GetIamPolicy"):
        publisher.get_iam_policy(request={"resource": topic})


@pytest.mark.parametrize("method", ["Publisher/Publish", "Subscriber/Pull", "SchemaService/CreateSchema"])
def test_bytes_that_are_no_request_are_rejected(method: str, emulator: Emulator) -> None:
    with grpc.insecure_channel(emulator.host) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes]
        call = channel.unary_unary(f"/google.pubsub.v1.{method}")
        with pytest.raises(grpc.RpcError) as raised:
            call(b"\xff\xff", timeout=10)
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_bytes_that_are_no_request_end_a_stream(emulator: Emulator) -> None:
    with grpc.insecure_channel(emulator.host) as channel:
        call: grpc.StreamStreamMultiCallable[bytes, bytes]
        call = channel.stream_stream("/google.pubsub.v1.Subscriber/StreamingPull")
        with pytest.raises(grpc.RpcError) as raised:
            next(call(iter([b"\xff\xff"]), timeout=10))
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
