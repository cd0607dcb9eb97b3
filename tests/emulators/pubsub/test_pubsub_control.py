import time
from queue import Queue

import pytest
from google.api_core.exceptions import ServiceUnavailable
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.cloud.pubsub_v1.subscriber.message import Message

from tests.emulators.pubsub.emulator import Emulator
from tests.emulators.pubsub.pulling import acknowledge, data, pull, pull_now


def test_messages_and_calls_are_counted_by_project(
    emulator: Emulator,
    publisher: PublisherClient,
    subscriber: SubscriberClient,
    topic: str,
    subscription: str,
) -> None:
    project = topic.partition("/topics/")[0]
    for content in (b"0", b"1"):
        publisher.publish(topic, content).result()
    received = pull(subscriber, subscription, 2)
    acknowledge(subscriber, subscription, received[:1])
    acknowledge(subscriber, subscription, received[:1])
    counters = emulator.counters(project)
    calls = counters.pop("rpcs")
    assert counters == {"published": 2, "delivered": 2, "acked": 1}
    assert isinstance(calls, dict)
    assert calls.pop("Pull") >= 1
    assert calls == {"CreateTopic": 1, "CreateSubscription": 1, "Publish": 2, "Acknowledge": 2}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_publish_fails_on_demand(
    when: str,
    emulator: Emulator,
    publisher: PublisherClient,
    subscriber: SubscriberClient,
    subscription: str,
) -> None:
    topic = subscriber.get_subscription(subscription=subscription).topic
    emulator.fault(method="Publish", pattern=topic, code="UNAVAILABLE", when=when)
    with pytest.raises(ServiceUnavailable):
        publisher.publish(topic, b"lost or not", retry=None).result()
    assert data(pull_now(subscriber, subscription)) == ([] if when == "before" else [b"lost or not"])


def test_a_publish_is_known_by_its_ordering_key(emulator: Emulator, topic: str) -> None:
    emulator.fault(method="Publish", pattern="^key$", code="UNAVAILABLE")
    with emulator.publisher(ordered=True) as publisher:
        for other in ("", "keys"):
            publisher.publish(topic, b"goes out", ordering_key=other, retry=None).result()
        with pytest.raises(ServiceUnavailable):
            publisher.publish(topic, b"does not", ordering_key="key", retry=None).result()


def test_googles_publisher_gets_past_a_cut_connection(
    emulator: Emulator, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    emulator.fault(method="Publish", pattern=topic, disconnect=True, when="after")
    with emulator.publisher() as publisher:
        publisher.publish(topic, b"through").result()
    assert set(data(pull(subscriber, subscription, 2))) == {b"through"}  # the client publishes it twice


def test_a_call_is_delayed_on_demand(emulator: Emulator, publisher: PublisherClient, topic: str) -> None:
    emulator.fault(method="GetTopic", pattern=topic, delay_ms=300)
    before = time.monotonic()
    publisher.get_topic(topic=topic)
    assert time.monotonic() - before >= 0.3


@pytest.mark.parametrize("when", ["before", "after"])
def test_googles_subscriber_opens_a_failed_stream_again(
    when: str,
    emulator: Emulator,
    publisher: PublisherClient,
    subscriber: SubscriberClient,
    subscription: str,
) -> None:
    topic = subscriber.get_subscription(subscription=subscription).topic
    # The delay exceeds the time in which the client opens the stream. If a stream fails earlier, Google's
    # client opens two more but reads only one; messages on the other one wait for their ack deadline.
    emulator.fault(method="StreamingPull", pattern=subscription, code="UNAVAILABLE", when=when, delay_ms=500)
    received: Queue[bytes] = Queue()

    def receive(message: Message) -> None:
        message.ack()
        received.put(message.data)

    stream = subscriber.subscribe(subscription, callback=receive)
    for content in (b"0", b"1"):
        publisher.publish(topic, content).result()
        assert received.get(timeout=30) == content
    stream.cancel()
    stream.result()
    calls = emulator.counters(topic.partition("/topics/")[0])["rpcs"]
    assert isinstance(calls, dict)
    assert calls["StreamingPull"] == 2
