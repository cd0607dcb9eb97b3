from collections.abc import Mapping

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher import PublisherClient as PlainPublisherClient

from tests.emulators.pubsub.pulling import acknowledge, data, extend, nack, pull


def publish(publisher: PublisherClient, topic: str, *messages: Mapping[str, object]) -> list[str]:
    """Publish in one request, without the checks of the hand-written client."""
    request = {"topic": topic, "messages": list(messages)}
    return list(PlainPublisherClient.publish(publisher, request=request).message_ids)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"data": b""},
        {"data": b"x" * 10_000_001},
        {"attributes": {f"key-{number}": "" for number in range(101)}},
        {"attributes": {"k" * 257: ""}},
        {"attributes": {"ü" * 129: ""}},
        {"attributes": {"": "x"}},
        {"attributes": {"key": "v" * 1025}},
        {"attributes": {"goog-reserved": "x"}},
        {"data": b"x", "ordering_key": "k" * 1025},
    ],
)
def test_a_message_out_of_bounds_is_rejected(
    message: dict[str, object], publisher: PublisherClient, topic: str
) -> None:
    with pytest.raises(InvalidArgument):
        publish(publisher, topic, message)


@pytest.mark.parametrize(
    "message",
    [
        {"data": b"x" * 4_000_000},  # the limit of Google's Python client for messages from an emulator
        {"attributes": {f"key-{number}": "" for number in range(100)}},
        {"attributes": {"k" * 256: "v" * 1024}},
        {"attributes": {"googclient_traceparent": "as Google's clients set it"}},
        {"data": b"x", "ordering_key": "k" * 1024},
        {"data": b"x", "message_id": "ignored"},
    ],
)
def test_a_message_within_bounds_arrives_whole(
    message: dict[str, object],
    publisher: PublisherClient,
    subscriber: SubscriberClient,
    topic: str,
    subscription: str,
) -> None:
    (message_id,) = publish(publisher, topic, message)
    (received,) = pull(subscriber, subscription)
    assert received.message.message_id == message_id
    assert received.message.data == message.get("data", b"")
    assert dict(received.message.attributes) == message.get("attributes", {})
    assert received.message.ordering_key == message.get("ordering_key", "")


def test_a_request_takes_a_thousand_messages(publisher: PublisherClient, topic: str) -> None:
    assert len(set(publish(publisher, topic, *[{"data": b"x"}] * 1000))) == 1000
    with pytest.raises(InvalidArgument, match="maximum value is 1000"):
        publish(publisher, topic, *[{"data": b"x"}] * 1001)
    with pytest.raises(InvalidArgument):
        publish(publisher, topic)


def test_a_request_takes_ten_megabytes_in_all(publisher: PublisherClient, topic: str) -> None:
    assert publish(publisher, topic, *[{"data": b"x" * 999_000}] * 10)
    with pytest.raises(InvalidArgument, match="maximum value is 10000000"):
        publish(publisher, topic, *[{"data": b"x" * 1_000_000}] * 10)


def test_a_request_has_one_ordering_key(publisher: PublisherClient, topic: str) -> None:
    with pytest.raises(InvalidArgument, match="ordering_key"):
        publish(publisher, topic, {"data": b"x", "ordering_key": "a"}, {"data": b"x", "ordering_key": "b"})


def test_a_bad_message_spoils_its_request(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    with pytest.raises(InvalidArgument):
        publish(publisher, topic, {"data": b"good"}, {})
    publish(publisher, topic, {"data": b"next"})
    assert pull(subscriber, subscription)[0].message.data == b"next"


@pytest.mark.parametrize("seconds", [-1, 601])
def test_an_ack_deadline_out_of_bounds_is_rejected(
    seconds: int, subscriber: SubscriberClient, subscription: str
) -> None:
    with pytest.raises(InvalidArgument, match="Ack deadlines"):
        subscriber.modify_ack_deadline(
            subscription=subscription, ack_ids=["0" * 32], ack_deadline_seconds=seconds
        )


@pytest.mark.parametrize("ack_ids", [[], [""], ["any"], ["0" * 31], ["0" * 32, "any"], ["0" * 32 + "\n"]])
def test_missing_and_malformed_ack_ids_are_rejected(
    ack_ids: list[str], subscriber: SubscriberClient, subscription: str
) -> None:
    with pytest.raises(InvalidArgument, match="ack ID"):
        subscriber.acknowledge(subscription=subscription, ack_ids=ack_ids)
    with pytest.raises(InvalidArgument, match="ack ID"):
        subscriber.modify_ack_deadline(subscription=subscription, ack_ids=ack_ids, ack_deadline_seconds=10)


def test_a_malformed_ack_id_spoils_its_request(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    publish(publisher, topic, {"data": b"kept"})
    received = pull(subscriber, subscription)
    with pytest.raises(InvalidArgument):
        subscriber.acknowledge(subscription=subscription, ack_ids=[received[0].ack_id, "any"])
    nack(subscriber, subscription, received)
    assert data(pull(subscriber, subscription)) == [b"kept"]


def test_an_ack_id_whose_lease_is_over_is_accepted(
    publisher: PublisherClient, subscriber: SubscriberClient, topic: str, subscription: str
) -> None:
    publish(publisher, topic, {"data": b"done"})
    received = pull(subscriber, subscription)
    for _ in range(2):
        acknowledge(subscriber, subscription, received)
    extend(subscriber, subscription, received, 10)


@pytest.mark.parametrize("count", [0, -1])
def test_a_pull_is_for_at_least_one_message(
    count: int, subscriber: SubscriberClient, subscription: str
) -> None:
    with pytest.raises(InvalidArgument):
        subscriber.pull(subscription=subscription, max_messages=count)


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"a": ""},
        {"team-1_x": "red-2_y"},
        {"k" * 63: "v" * 63},
        {"équipe": "赤"},
        {"色": "٣"},
        {f"k{number}": "v" for number in range(64)},
    ],
)
def test_labels_within_bounds_are_kept(
    labels: dict[str, str], publisher: PublisherClient, project: str
) -> None:
    topic = publisher.create_topic(request={"name": f"{project}/topics/labelled", "labels": labels})
    assert dict(topic.labels) == labels


@pytest.mark.parametrize(
    "labels",
    [
        {"": "v"},
        {"1k": "v"},
        {"-k": "v"},
        {"_k": "v"},
        {"Key": "v"},
        {"kEy": "v"},
        {"k.y": "v"},
        {"k y": "v"},
        {"É": "v"},
        {"k" * 64: "v"},
        {"k": "V"},
        {"k": "v v"},
        {"k": "v/v"},
        {"k": "v\n"},
        {"k": "v" * 64},
        {f"k{number}": "v" for number in range(65)},
    ],
)
def test_labels_out_of_bounds_are_rejected(
    labels: dict[str, str],
    publisher: PublisherClient,
    subscriber: SubscriberClient,
    project: str,
    topic: str,
) -> None:
    with pytest.raises(InvalidArgument, match="label"):
        publisher.create_topic(request={"name": f"{project}/topics/labelled", "labels": labels})
    with pytest.raises(InvalidArgument, match="label"):
        subscriber.create_subscription(
            request={"name": f"{project}/subscriptions/labelled", "topic": topic, "labels": labels}
        )
