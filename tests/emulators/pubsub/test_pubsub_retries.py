import pytest
from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.types import Subscription

from tests.emulators.pubsub.emulator import Emulator
from tests.emulators.pubsub.endpoint import Endpoint
from tests.emulators.pubsub.pulling import data, nack, pull, pull_now


@pytest.fixture
def dead_letters(publisher: PublisherClient, subscriber: SubscriberClient, project: str) -> str:
    """A subscription to the project's dead letter topic."""
    publisher.create_topic(name=f"{project}/topics/dead-letters")
    name = f"{project}/subscriptions/dead-letters"
    subscriber.create_subscription(name=name, topic=f"{project}/topics/dead-letters")
    return name


def test_others_pass_a_message_that_waits(
    publisher: PublisherClient, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    name = f"{project}/subscriptions/patient"
    subscriber.create_subscription(request={"name": name, "topic": topic, "retry_policy": {}})
    publisher.publish(topic, b"failing").result()
    nack(subscriber, name, pull(subscriber, name))
    publisher.publish(topic, b"fine").result()
    assert data(pull_now(subscriber, name)) == [b"fine"]


def test_after_its_last_attempt_a_message_goes_to_the_dead_letter_topic(
    publisher: PublisherClient, subscriber: SubscriberClient, project: str, topic: str, dead_letters: str
) -> None:
    name = f"{project}/subscriptions/failing"
    policy = {"dead_letter_topic": f"{project}/topics/dead-letters", "max_delivery_attempts": 5}
    subscriber.create_subscription(request={"name": name, "topic": topic, "dead_letter_policy": policy})
    source_id = publisher.publish(topic, b"poison", colour="green").result()
    attempts = []
    for _ in range(5):
        received = pull(subscriber, name)
        attempts.append(received[0].delivery_attempt)
        nack(subscriber, name, received)
    assert attempts == [1, 2, 3, 4, 5]
    (dead,) = pull(subscriber, dead_letters)
    assert pull_now(subscriber, name) == []
    assert dead.message.data == b"poison"
    assert dead.message.message_id != source_id
    attributes = dict(dead.message.attributes)
    published = attributes.pop("CloudPubSubDeadLetterSourceTopicPublishTime")
    assert published.endswith("+00:00")
    assert attributes == {
        "colour": "green",
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
        "CloudPubSubDeadLetterSourceSubscription": "failing",
        "CloudPubSubDeadLetterSourceSubscriptionProject": project.removeprefix("projects/"),
    }


def test_a_push_counts_its_attempts_and_ends_in_the_dead_letter_topic(
    publisher: PublisherClient,
    subscriber: SubscriberClient,
    topic: str,
    dead_letters: str,
    endpoint: Endpoint,
) -> None:
    project = topic.partition("/topics/")[0]
    backoff = {"nanos": 10_000_000}
    subscriber.create_subscription(
        request={
            "name": f"{project}/subscriptions/pushing",
            "topic": topic,
            "push_config": {"push_endpoint": endpoint.url},
            "retry_policy": {"minimum_backoff": backoff, "maximum_backoff": backoff},
            "dead_letter_policy": {"dead_letter_topic": f"{project}/topics/dead-letters"},
        }
    )
    endpoint.statuses.extend([500] * 5)
    publisher.publish(topic, b"poison").result()
    assert [endpoint.next()["deliveryAttempt"] for _ in range(5)] == [1, 2, 3, 4, 5]
    assert data(pull(subscriber, dead_letters)) == [b"poison"]


def test_a_dead_letter_topic_that_does_not_exist_is_rejected(
    subscriber: SubscriberClient, project: str, topic: str, subscription: str
) -> None:
    policy = {"dead_letter_topic": f"{project}/topics/missing"}
    name = f"{project}/subscriptions/failing"
    with pytest.raises(NotFound, match="missing"):
        subscriber.create_subscription(request={"name": name, "topic": topic, "dead_letter_policy": policy})
    with pytest.raises(NotFound, match="failing"):
        subscriber.get_subscription(subscription=name)
    with pytest.raises(NotFound, match="missing"):
        update(subscriber, subscription, dead_letter_policy=policy)
    assert "dead_letter_policy" not in subscriber.get_subscription(subscription=subscription)


def test_a_dead_letter_topic_may_be_of_another_project(
    publisher: PublisherClient, subscriber: SubscriberClient, project: str, subscription: str
) -> None:
    elsewhere = f"{project}-2/topics/dead-letters"
    publisher.create_topic(name=elsewhere)
    updated = update(subscriber, subscription, dead_letter_policy={"dead_letter_topic": elsewhere})
    assert updated.dead_letter_policy.dead_letter_topic == elsewhere


def test_once_the_dead_letter_topic_is_deleted_a_message_keeps_coming(
    publisher: PublisherClient, subscriber: SubscriberClient, project: str, topic: str, dead_letters: str
) -> None:
    name = f"{project}/subscriptions/failing"
    policy = {"dead_letter_topic": f"{project}/topics/dead-letters", "max_delivery_attempts": 5}
    subscriber.create_subscription(request={"name": name, "topic": topic, "dead_letter_policy": policy})
    publisher.delete_topic(topic=f"{project}/topics/dead-letters")
    assert update(subscriber, name, ack_deadline_seconds=20).ack_deadline_seconds == 20
    publisher.publish(topic, b"poison").result()
    for attempt in range(1, 8):
        received = pull(subscriber, name)
        assert received[0].delivery_attempt == attempt
        nack(subscriber, name, received)
    assert pull_now(subscriber, dead_letters) == []


def test_a_dead_letter_lets_the_next_of_its_key_pass(
    emulator: Emulator, subscriber: SubscriberClient, project: str, topic: str, dead_letters: str
) -> None:
    name = f"{project}/subscriptions/failing"
    subscriber.create_subscription(
        request={
            "name": name,
            "topic": topic,
            "enable_message_ordering": True,
            "dead_letter_policy": {"dead_letter_topic": f"{project}/topics/dead-letters"},
        }
    )
    emulator.publish_in_order(topic, "key", [b"poison", b"next"])
    for _ in range(5):
        nack(subscriber, name, pull(subscriber, name))
    assert data(pull(subscriber, name)) == [b"next"]
    (dead,) = pull(subscriber, dead_letters)
    assert (dead.message.data, dead.message.ordering_key) == (b"poison", "key")


@pytest.mark.parametrize(
    "settings",
    [
        {"dead_letter_policy": {"dead_letter_topic": "projects/p/topics/dead", "max_delivery_attempts": 4}},
        {"dead_letter_policy": {"dead_letter_topic": "projects/p/topics/dead", "max_delivery_attempts": 101}},
        {"dead_letter_policy": {"max_delivery_attempts": 5}},
        {"retry_policy": {"minimum_backoff": {"seconds": 601}}},
        {"retry_policy": {"minimum_backoff": {"seconds": 20}, "maximum_backoff": {"seconds": 10}}},
        {"retry_policy": {"minimum_backoff": {"seconds": -1}}},
    ],
)
def test_policies_out_of_bounds_are_rejected(
    settings: dict[str, object], subscriber: SubscriberClient, project: str, topic: str
) -> None:
    with pytest.raises(InvalidArgument):
        subscriber.create_subscription(
            request={"name": f"{project}/subscriptions/wrong", "topic": topic, **settings}
        )


def update(subscriber: SubscriberClient, name: str, **settings: object) -> Subscription:
    """Change only these settings of a subscription."""
    updated: Subscription = subscriber.update_subscription(
        request={"subscription": {"name": name, **settings}, "update_mask": {"paths": list(settings)}}
    )
    return updated
