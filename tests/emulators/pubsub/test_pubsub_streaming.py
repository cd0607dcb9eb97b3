import threading

import pytest
from google.api_core.exceptions import GoogleAPICallError, InvalidArgument, NotFound
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.cloud.pubsub_v1.subscriber.message import Message
from google.cloud.pubsub_v1.types import FlowControl

from tests.emulators.pubsub.pulling import acknowledge, data, nack, pull, pull_now
from tests.emulators.pubsub.stream import FIRST, opening, stream

ACK_ID = "0" * 32  # well-formed, but of no delivery


def publish(publisher: PublisherClient, topic: str, *contents: bytes) -> None:
    for content in contents:
        publisher.publish(topic, content).result()


def test_a_stream_stops_at_its_outstanding_messages(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    publish(publisher, topic, b"0", b"1", b"2", b"3")
    with stream(subscriber, subscription, max_outstanding_messages=2) as opened:
        received = opened.receive(2)
        assert data(received) == [b"0", b"1"]
        assert data(pull_now(subscriber, subscription)) == [b"2", b"3"]
        publish(publisher, topic, b"4", b"5")
        opened.send(ack_ids=[received[0].ack_id])
        assert data(opened.receive(1)) == [b"4"]
        acknowledge(subscriber, subscription, received[1:])  # by a separate call, which also works
        assert data(opened.receive(1)) == [b"5"]


def test_a_stream_stops_at_its_outstanding_bytes(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    publish(publisher, topic, b"a" * 600, b"b" * 600, b"c" * 600)
    with stream(subscriber, subscription, max_outstanding_bytes=1000) as opened:
        received = opened.receive(2)
        assert [content[:1] for content in data(received)] == [b"a", b"b"]
        assert [content[:1] for content in data(pull_now(subscriber, subscription))] == [b"c"]
        publish(publisher, topic, b"d")
        opened.send(ack_ids=[received[0].ack_id])
        assert data(opened.receive(1)) == [b"d"]


def test_a_nack_on_a_stream_brings_the_message_again(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    publish(publisher, topic, b"again")
    with stream(subscriber, subscription) as opened:
        (received,) = opened.receive(1)
        opened.send(modify_deadline_ack_ids=[received.ack_id], modify_deadline_seconds=[0])
        assert data(opened.receive(1)) == [b"again"]


def test_a_stream_has_the_subscriptions_properties(
    publisher: PublisherClient, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    name = f"{project}/subscriptions/ordered"
    subscriber.create_subscription(request={"name": name, "topic": topic, "enable_message_ordering": True})
    publish(publisher, topic, b"one")
    with stream(subscriber, name) as opened:
        properties = opened.response().subscription_properties
    assert properties.message_ordering_enabled
    assert not properties.exactly_once_delivery_enabled


def test_a_stream_ends_when_its_client_has_no_more_to_say(
    subscriber: SubscriberClient, subscription: str
) -> None:
    with stream(subscriber, subscription) as opened:
        opened.finish()
        with pytest.raises(StopIteration):
            opened.response()


def test_streams_share_a_subscription(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    with stream(subscriber, subscription, max_outstanding_messages=1) as first:
        publish(publisher, topic, b"0")
        assert data(first.receive(1)) == [b"0"]
        with stream(subscriber, subscription) as second:
            publish(publisher, topic, b"1")
            assert data(second.receive(1)) == [b"1"]


@pytest.mark.parametrize(
    ("first", "later", "error"),
    [
        ({"stream_ack_deadline_seconds": 9}, None, InvalidArgument),
        ({"stream_ack_deadline_seconds": 601}, None, InvalidArgument),
        ({"stream_ack_deadline_seconds": 0}, None, InvalidArgument),
        ({"subscription": ""}, None, InvalidArgument),
        ({"subscription": "projects/p/subscriptions/missing"}, None, NotFound),
        ({"ack_ids": ["a"]}, None, InvalidArgument),
        ({"modify_deadline_ack_ids": [ACK_ID]}, None, InvalidArgument),
        ({"modify_deadline_seconds": [10]}, None, InvalidArgument),
        ({}, {"subscription": "projects/p/subscriptions/another"}, InvalidArgument),
        ({}, {"client_id": "another"}, InvalidArgument),
        ({}, {"protocol_version": 1}, InvalidArgument),
        ({}, {"max_outstanding_messages": 5}, InvalidArgument),
        ({}, {"max_outstanding_bytes": 5}, InvalidArgument),
        ({}, {"stream_ack_deadline_seconds": 5}, InvalidArgument),
        ({}, {"ack_ids": ["a"]}, InvalidArgument),
        ({}, {"modify_deadline_ack_ids": ["a"], "modify_deadline_seconds": [10]}, InvalidArgument),
        ({}, {"modify_deadline_ack_ids": [ACK_ID], "modify_deadline_seconds": [601]}, InvalidArgument),
        ({}, {"modify_deadline_ack_ids": [ACK_ID] * 2, "modify_deadline_seconds": [10]}, InvalidArgument),
    ],
)
def test_a_stream_out_of_bounds_is_rejected(
    first: dict[str, object],
    later: dict[str, object] | None,
    error: type[GoogleAPICallError],
    subscriber: SubscriberClient,
    subscription: str,
) -> None:
    with opening(subscriber, **{**FIRST, "subscription": subscription, **first}) as opened:
        if later is not None:
            opened.send(**later)
        with pytest.raises(error):
            opened.response()


def test_googles_subscriber_gets_everything_through_a_narrow_flow_control(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    contents = {b"%d" % number for number in range(500)}
    missing = set(contents)
    finished = threading.Event()

    def handle(message: Message) -> None:
        missing.discard(message.data)
        message.ack()
        if not missing:
            finished.set()

    flow = FlowControl(max_messages=7, max_bytes=2_000)
    pulling = subscriber.subscribe(subscription, callback=handle, flow_control=flow)
    for future in [publisher.publish(topic, content) for content in contents]:
        future.result()
    assert finished.wait(20)
    pulling.cancel()
    pulling.result()


def test_a_lease_ends_with_its_deadline_not_with_its_stream(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    publish(publisher, topic, b"held")
    with stream(subscriber, subscription) as opened:
        received = opened.receive(1)
    assert pull_now(subscriber, subscription) == []
    nack(subscriber, subscription, received)
    assert data(pull(subscriber, subscription)) == [b"held"]
