import threading
from collections import defaultdict

import pytest
from google.cloud.pubsub_v1 import SubscriberClient
from google.cloud.pubsub_v1.subscriber.message import Message

from tests.emulators.pubsub.emulator import Emulator
from tests.emulators.pubsub.pulling import acknowledge, data, nack, pull, pull_now


@pytest.fixture
def ordered(subscriber: SubscriberClient, project: str, topic: str) -> str:
    """A subscription with message ordering."""
    name = f"{project}/subscriptions/ordered"
    subscriber.create_subscription(request={"name": name, "topic": topic, "enable_message_ordering": True})
    return name


def test_messages_of_a_key_come_in_order(
    emulator: Emulator, subscriber: SubscriberClient, topic: str, ordered: str
) -> None:
    emulator.publish_in_order(topic, "key", [b"0", b"1", b"2"])
    received = pull(subscriber, ordered, 3)
    assert data(received) == [b"0", b"1", b"2"]
    assert {one.message.ordering_key for one in received} == {"key"}


def test_while_some_of_a_key_are_outstanding_nobody_else_gets_more_of_it(
    emulator: Emulator, subscriber: SubscriberClient, topic: str, ordered: str
) -> None:
    emulator.publish_in_order(topic, "key", [b"0", b"1", b"2"])
    first = list(subscriber.pull(subscription=ordered, max_messages=2).received_messages)
    assert data(first) == [b"0", b"1"]
    emulator.publish_in_order(topic, "another key", [b"a"])
    assert data(pull_now(subscriber, ordered)) == [b"a"]
    acknowledge(subscriber, ordered, first[:1])
    assert pull_now(subscriber, ordered) == []
    acknowledge(subscriber, ordered, first[1:])
    assert data(pull_now(subscriber, ordered)) == [b"2"]


def test_when_one_is_nacked_it_and_all_later_ones_come_again(
    emulator: Emulator, subscriber: SubscriberClient, topic: str, ordered: str
) -> None:
    emulator.publish_in_order(topic, "key", [b"0", b"1", b"2", b"3"])
    received = pull(subscriber, ordered, 4)
    acknowledge(subscriber, ordered, [received[0], received[3]])
    nack(subscriber, ordered, [received[1]])
    again = pull(subscriber, ordered, 3)
    assert data(again) == [b"1", b"2", b"3"]
    acknowledge(subscriber, ordered, received)  # the earlier leases have ended
    nack(subscriber, ordered, again)
    assert data(pull(subscriber, ordered, 3)) == [b"1", b"2", b"3"]


def test_without_ordering_a_key_means_nothing(
    emulator: Emulator, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    emulator.publish_in_order(topic, "key", [b"0", b"1"])
    assert [data(pull(subscriber, subscription)), data(pull(subscriber, subscription))] == [[b"0"], [b"1"]]


def test_googles_subscribers_see_each_key_in_order(emulator: Emulator, topic: str, ordered: str) -> None:
    """Two clients share a subscription. Some messages fail at first, and are redelivered with later ones."""
    keys, numbers = ["a", "b", "c", "d"], list(range(30))
    seen: dict[str, list[int]] = defaultdict(list)
    failed: set[tuple[str, int]] = set()
    finished = threading.Event()
    lock = threading.Lock()

    def handle(message: Message) -> None:
        number = int(message.data)
        with lock:
            if number % 7 == 3 and (message.ordering_key, number) not in failed:
                failed.add((message.ordering_key, number))
                message.nack()
                return
            seen[message.ordering_key].append(number)
            if all(last_order(seen[key]) == numbers for key in keys):
                finished.set()
        message.ack()

    with emulator.subscriber() as first, emulator.subscriber() as second:
        streams = [client.subscribe(ordered, callback=handle) for client in (first, second)]
        for key in keys:
            emulator.publish_in_order(topic, key, [b"%d" % number for number in numbers])
        assert finished.wait(30)
        for stream in streams:
            stream.cancel()
            stream.result()


def last_order(seen: list[int]) -> list[int]:
    """Return the numbers in the order of their last occurrence."""
    return list(reversed(dict.fromkeys(reversed(seen))))
