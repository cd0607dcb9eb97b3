import queue
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from google.api_core.exceptions import NotFound
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.cloud.pubsub_v1.subscriber.message import Message
from google.pubsub_v1.types import ReceivedMessage

from tests.emulators.pubsub.pulling import acknowledge, data, nack, pull, pull_now


def test_a_published_message_is_pulled_with_its_id_and_time(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    before = datetime.now(UTC)
    message_id = publisher.publish(topic, b"hello", colour="blue").result()
    (received,) = pull(subscriber, subscription)
    assert (message_id, b"hello", {"colour": "blue"}, 0) == (
        received.message.message_id,
        received.message.data,
        dict(received.message.attributes),
        received.delivery_attempt,
    )
    published = ReceivedMessage.pb(received).message.publish_time.ToDatetime(tzinfo=UTC)
    assert before - timedelta(milliseconds=1) <= published <= datetime.now(UTC) + timedelta(milliseconds=1)


def test_an_acknowledged_message_does_not_come_again(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    publisher.publish(topic, b"once").result()
    received = pull(subscriber, subscription)
    acknowledge(subscriber, subscription, received)
    nack(subscriber, subscription, received)
    assert pull_now(subscriber, subscription) == []


def test_googles_subscriber_streams_messages(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    received: queue.Queue[bytes] = queue.Queue()

    def keep(message: Message) -> None:
        received.put(message.data)
        message.ack()

    stream = subscriber.subscribe(subscription, callback=keep)
    ids = [publisher.publish(topic, b"%d" % number).result() for number in range(20)]
    assert {b"%d" % number for number in range(20)} == {received.get(timeout=10) for _ in range(20)}
    assert sorted(ids) == ids
    stream.cancel()
    stream.result()
    assert pull_now(subscriber, subscription) == []


def test_each_subscription_gets_each_message(
    publisher: PublisherClient, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    names = [f"{project}/subscriptions/{name}" for name in ("first", "second")]
    for name in names:
        subscriber.create_subscription(name=name, topic=topic)
    publisher.publish(topic, b"for all").result()
    assert [data(pull(subscriber, name)) for name in names] == [[b"for all"]] * 2


def test_a_pull_waits_for_a_message(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    with ThreadPoolExecutor(1) as thread:
        pulled = thread.submit(subscriber.pull, subscription=subscription, max_messages=1, timeout=20)
        publisher.publish(topic, b"at last").result()
        assert data(list(pulled.result().received_messages)) == [b"at last"]


def test_a_nacked_message_comes_again_at_once(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    publisher.publish(topic, b"again").result()
    first = pull(subscriber, subscription)
    nack(subscriber, subscription, first)
    second = pull_now(subscriber, subscription)
    assert data(second) == [b"again"]
    assert first[0].ack_id != second[0].ack_id


def test_a_deleted_topics_messages_stay_with_its_subscriptions(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    publisher.publish(topic, b"left over").result()
    publisher.delete_topic(topic=topic)
    with pytest.raises(NotFound, match=r"Resource not found \(resource=news\)"):
        publisher.get_topic(topic=topic)
    assert subscriber.get_subscription(subscription=subscription).topic == "_deleted-topic_"
    publisher.create_topic(name=topic)
    publisher.publish(topic, b"nothing to do with it").result()
    assert data(pull_now(subscriber, subscription)) == [b"left over"]


def test_a_stream_ends_when_its_subscription_is_deleted(
    subscriber: SubscriberClient, subscription: str
) -> None:
    stream = subscriber.subscribe(subscription, callback=Message.ack)
    subscriber.delete_subscription(subscription=subscription)
    with pytest.raises(NotFound):
        stream.result(timeout=10)


def test_projects_share_nothing(publisher: PublisherClient, subscriber: SubscriberClient) -> None:
    for project in ("projects/one-alone", "projects/another"):
        publisher.create_topic(name=f"{project}/topics/same-name")
        subscriber.create_subscription(
            name=f"{project}/subscriptions/readers", topic=f"{project}/topics/same-name"
        )
    publisher.publish("projects/one-alone/topics/same-name", b"for one").result()
    assert data(pull(subscriber, "projects/one-alone/subscriptions/readers")) == [b"for one"]
    assert pull_now(subscriber, "projects/another/subscriptions/readers") == []
