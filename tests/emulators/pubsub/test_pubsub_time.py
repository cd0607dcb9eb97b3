"""Behavior over minutes and days, in an emulator whose clock the test advances."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from google.api_core.exceptions import InvalidArgument, MethodNotImplemented, NotFound
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.protobuf.timestamp_pb2 import Timestamp
from google.pubsub_v1.types import ReceivedMessage

from tests.emulators.pubsub.emulator import Emulator, running_with_movable_clock
from tests.emulators.pubsub.endpoint import Endpoint
from tests.emulators.pubsub.pulling import acknowledge, data, extend, nack, pull, pull_now
from tests.emulators.pubsub.stream import stream

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running_with_movable_clock() as emulator:
        yield emulator


def create(subscriber: SubscriberClient, topic: str, **settings: object) -> str:
    name = topic.replace("topics", "subscriptions")
    subscriber.create_subscription(request={"name": name, "topic": topic, **settings})
    return name


def test_an_unextended_message_comes_again_after_its_ack_deadline(
    emulator: Emulator, publisher: PublisherClient, subscriber: SubscriberClient, topic: str
) -> None:
    subscription = create(subscriber, topic, ack_deadline_seconds=30)
    publisher.publish(topic, b"slow").result()
    pull(subscriber, subscription)
    emulator.pass_time(20)
    assert pull_now(subscriber, subscription) == []
    emulator.pass_time(10)
    assert data(pull_now(subscriber, subscription)) == [b"slow"]


def test_the_last_deadline_that_a_message_was_given_counts(
    emulator: Emulator, publisher: PublisherClient, subscriber: SubscriberClient, topic: str
) -> None:
    subscription = create(subscriber, topic)
    publisher.publish(topic, b"again").result()
    late = pull(subscriber, subscription)
    for seconds in (20, 100):
        extend(subscriber, subscription, late, seconds)
    emulator.pass_time(90)
    assert pull_now(subscriber, subscription) == []
    emulator.pass_time(10)
    again = pull_now(subscriber, subscription)
    assert data(again) == [b"again"]
    acknowledge(subscriber, subscription, late)  # no effect, because the message has been leased again
    nack(subscriber, subscription, again)
    assert data(pull_now(subscriber, subscription)) == [b"again"]


def test_a_streams_messages_come_again_after_its_own_deadline(
    emulator: Emulator, publisher: PublisherClient, subscriber: SubscriberClient, topic: str
) -> None:
    subscription = create(subscriber, topic, ack_deadline_seconds=10)
    publisher.publish(topic, b"slow").result()
    with stream(subscriber, subscription, stream_ack_deadline_seconds=100) as opened:
        opened.receive(1)
        emulator.pass_time(90)
        publisher.publish(topic, b"next").result()
        assert data(opened.receive(1)) == [b"next"]
        emulator.pass_time(10)
        assert data(opened.receive(1)) == [b"slow"]


def test_when_a_deadline_passes_a_message_and_all_later_ones_of_its_key_come_again(
    emulator: Emulator, subscriber: SubscriberClient, topic: str
) -> None:
    subscription = create(subscriber, topic, enable_message_ordering=True)
    emulator.publish_in_order(topic, "key", [b"0", b"1", b"2"])
    first, _, last = pull(subscriber, subscription, 3)
    acknowledge(subscriber, subscription, [first, last])
    assert pull_now(subscriber, subscription) == []
    emulator.pass_time(MINUTE)
    assert data(pull_now(subscriber, subscription)) == [b"1", b"2"]


def test_a_retry_policy_doubles_the_pause_up_to_its_maximum(
    emulator: Emulator, publisher: PublisherClient, subscriber: SubscriberClient, topic: str
) -> None:
    policy = {"minimum_backoff": {"seconds": 100}, "maximum_backoff": {"seconds": 300}}
    subscription = create(subscriber, topic, retry_policy=policy)
    publisher.publish(topic, b"again").result()
    received = pull(subscriber, subscription)
    for pause in (100, 200, 300, 300):
        nack(subscriber, subscription, received)
        emulator.pass_time(pause - 10)
        assert pull_now(subscriber, subscription) == []
        emulator.pass_time(10)
        received = pull_now(subscriber, subscription)
        assert data(received) == [b"again"]


def test_a_key_waits_for_the_backoff_of_its_failed_message(
    emulator: Emulator, subscriber: SubscriberClient, topic: str
) -> None:
    policy = {"minimum_backoff": {"seconds": 100}, "maximum_backoff": {"seconds": 100}}
    subscription = create(subscriber, topic, enable_message_ordering=True, retry_policy=policy)
    emulator.publish_in_order(topic, "key", [b"0", b"1"])
    nack(subscriber, subscription, pull(subscriber, subscription, 2)[:1])
    emulator.publish_in_order(topic, "key", [b"2"])
    emulator.publish_in_order(topic, "another key", [b"a"])
    emulator.pass_time(90)
    others = pull_now(subscriber, subscription)
    assert data(others) == [b"a"]
    acknowledge(subscriber, subscription, others)
    emulator.pass_time(10)
    assert data(pull_now(subscriber, subscription)) == [b"0", b"1", b"2"]


def test_a_message_is_forgotten_after_its_retention(
    emulator: Emulator, publisher: PublisherClient, subscriber: SubscriberClient, topic: str
) -> None:
    subscription = create(subscriber, topic, message_retention_duration={"seconds": 10 * MINUTE})
    publisher.publish(topic, b"old").result()
    emulator.pass_time(5 * MINUTE)
    publisher.publish(topic, b"new").result()
    emulator.pass_time(6 * MINUTE)
    assert data(pull_now(subscriber, subscription)) == [b"new"]


def test_without_further_words_a_message_waits_for_seven_days(
    emulator: Emulator, publisher: PublisherClient, subscriber: SubscriberClient, topic: str
) -> None:
    subscription = create(subscriber, topic)
    publisher.publish(topic, b"old").result()
    emulator.pass_time(DAY)
    publisher.publish(topic, b"new").result()
    emulator.pass_time(6 * DAY + MINUTE)
    assert data(pull_now(subscriber, subscription)) == [b"new"]


def test_seeking_back_replays_what_is_retained(
    emulator: Emulator, publisher: PublisherClient, subscriber: SubscriberClient, topic: str
) -> None:
    subscription = create(subscriber, topic, retain_acked_messages=True)
    times = publish(emulator, publisher, topic, [b"0", b"1", b"2"])
    acknowledge(subscriber, subscription, pull(subscriber, subscription, 3))
    assert pull_now(subscriber, subscription) == []
    subscriber.seek(request={"subscription": subscription, "time": times[1]})
    assert data(pull_now(subscriber, subscription)) == [b"1", b"2"]


def test_seeking_forward_settles_what_was_published_before(
    emulator: Emulator, publisher: PublisherClient, subscriber: SubscriberClient, topic: str
) -> None:
    subscription = create(subscriber, topic)
    times = publish(emulator, publisher, topic, [b"0", b"1", b"2"])
    pull(subscriber, subscription, 1)
    subscriber.seek(request={"subscription": subscription, "time": times[2]})
    assert data(pull_now(subscriber, subscription)) == [b"2"]
    subscriber.seek(request={"subscription": subscription, "time": times[2] + timedelta(days=365)})
    publisher.publish(topic, b"after").result()
    assert data(pull_now(subscriber, subscription)) == [b"after"]


def test_seeking_back_does_not_bring_what_nobody_retained(
    emulator: Emulator, publisher: PublisherClient, subscriber: SubscriberClient, topic: str
) -> None:
    subscription = create(subscriber, topic)
    times = publish(emulator, publisher, topic, [b"0", b"1"])
    acknowledge(subscriber, subscription, pull(subscriber, subscription, 1))
    subscriber.seek(request={"subscription": subscription, "time": times[0]})
    assert data(pull_now(subscriber, subscription)) == [b"1"]


def test_seeking_keeps_the_order_of_a_key(
    emulator: Emulator, subscriber: SubscriberClient, topic: str
) -> None:
    subscription = create(subscriber, topic, retain_acked_messages=True, enable_message_ordering=True)
    emulator.publish_in_order(topic, "key", [b"0", b"1", b"2"])
    received = pull(subscriber, subscription, 3)
    acknowledge(subscriber, subscription, [received[0], received[2]])
    subscriber.seek(request={"subscription": subscription, "time": datetime.fromtimestamp(0, UTC)})
    assert data(pull_now(subscriber, subscription)) == [b"0", b"1", b"2"]


def test_a_topic_that_retains_can_be_replayed_by_a_later_subscription(
    emulator: Emulator, publisher: PublisherClient, subscriber: SubscriberClient, project: str
) -> None:
    topic = f"{project}/topics/retained"
    publisher.create_topic(request={"name": topic, "message_retention_duration": {"seconds": 3 * HOUR}})
    publish(emulator, publisher, topic, [b"0", b"1", b"2"], kind="news")
    publisher.publish(topic, b"of another kind", kind="gossip").result()
    emulator.pass_time(30 * MINUTE)
    subscription = create(subscriber, topic, filter='attributes.kind = "news"')
    assert pull_now(subscriber, subscription) == []
    subscriber.seek(request={"subscription": subscription, "time": datetime.fromtimestamp(0, UTC)})
    assert data(pull_now(subscriber, subscription)) == [b"1", b"2"]


def test_a_subscription_that_nobody_uses_expires(
    emulator: Emulator, publisher: PublisherClient, subscriber: SubscriberClient, topic: str, project: str
) -> None:
    names = {}
    for days, policy in {1: {"ttl": {"seconds": DAY}}, 31: None, 0: {}}.items():
        names[days] = f"{project}/subscriptions/for-{days}-days"
        subscriber.create_subscription(
            request={"name": names[days], "topic": topic, "expiration_policy": policy}
        )
    emulator.pass_time(23 * HOUR)
    pull_now(subscriber, names[1])
    emulator.pass_time(23 * HOUR)
    assert listed(subscriber, project) == set(names.values())
    emulator.pass_time(2 * HOUR)
    wait_until_gone(subscriber, names[1])
    assert listed(subscriber, project) == {names[31], names[0]}
    emulator.pass_time(31 * DAY)
    wait_until_gone(subscriber, names[31])
    assert listed(subscriber, project) == {names[0]}
    assert list(publisher.list_topic_subscriptions(topic=topic)) == [names[0]]


def test_a_push_is_a_use_of_its_subscription(
    emulator: Emulator,
    publisher: PublisherClient,
    subscriber: SubscriberClient,
    topic: str,
    endpoint: Endpoint,
) -> None:
    policy = {"expiration_policy": {"ttl": {"seconds": DAY}}}
    pushing = create(subscriber, topic, push_config={"push_endpoint": endpoint.url}, **policy)
    unused = f"{pushing}-unused"
    subscriber.create_subscription(request={"name": unused, "topic": topic, **policy})
    emulator.pass_time(23 * HOUR)
    publisher.publish(topic, b"pushed").result()
    endpoint.next()
    emulator.pass_time(2 * HOUR)
    wait_until_gone(subscriber, unused)
    assert listed(subscriber, topic.partition("/topics/")[0]) == {pushing}


@pytest.mark.parametrize(
    "settings",
    [
        {"message_retention_duration": {"seconds": 599}},
        {"message_retention_duration": {"seconds": 31 * DAY + 1}},
        {"message_retention_duration": {"seconds": 2**63 - 1}},
        {"expiration_policy": {"ttl": {"seconds": DAY - 1}}},
        {"ack_deadline_seconds": 9},
        {"ack_deadline_seconds": 601},
        {"ack_deadline_seconds": -1},
    ],
)
def test_durations_out_of_bounds_are_rejected(
    settings: dict[str, object], subscriber: SubscriberClient, topic: str
) -> None:
    with pytest.raises(InvalidArgument):
        create(subscriber, topic, **settings)


def test_seeking_needs_a_valid_time(subscriber: SubscriberClient, topic: str) -> None:
    subscription = create(subscriber, topic)
    with pytest.raises(InvalidArgument):
        subscriber.seek(request={"subscription": subscription})
    with pytest.raises(InvalidArgument):
        subscriber.seek(request={"subscription": subscription, "time": Timestamp(nanos=-1)})
    with pytest.raises(MethodNotImplemented, match="Seek to a snapshot"):
        subscriber.seek(request={"subscription": subscription, "snapshot": "projects/p/snapshots/some"})


def publish(
    emulator: Emulator, publisher: PublisherClient, topic: str, contents: list[bytes], **attributes: str
) -> list[datetime]:
    """Publish messages one hour apart, and return their publish times."""
    watcher = f"{topic.replace('topics', 'subscriptions')}-watcher"
    times = []
    with emulator.subscriber() as subscriber:
        subscriber.create_subscription(name=watcher, topic=topic)
        for content in contents:
            publisher.publish(topic, content, **attributes).result()
            received = pull(subscriber, watcher)
            acknowledge(subscriber, watcher, received)
            published = ReceivedMessage.pb(received[0]).message.publish_time
            times.append(published.ToDatetime(tzinfo=UTC))
            emulator.pass_time(HOUR)
        subscriber.delete_subscription(subscription=watcher)
    return times


def listed(subscriber: SubscriberClient, project: str) -> set[str]:
    return {subscription.name for subscription in subscriber.list_subscriptions(project=project)}


def wait_until_gone(subscriber: SubscriberClient, subscription: str) -> None:
    for _ in range(100):
        try:
            subscriber.get_subscription(subscription=subscription)
        except NotFound:
            return
        time.sleep(0.05)
    raise AssertionError(f"{subscription} is still there")
