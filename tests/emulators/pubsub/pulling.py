"""Common operations of tests on a subscription."""

import pytest
from google.cloud.pubsub_v1 import SubscriberClient
from google.pubsub_v1.types import ReceivedMessage


def pull(subscriber: SubscriberClient, subscription: str, count: int = 1) -> list[ReceivedMessage]:
    """Pull until the given number of messages has arrived."""
    received: list[ReceivedMessage] = []
    while len(received) < count:
        received += subscriber.pull(
            subscription=subscription, max_messages=count - len(received), timeout=30
        ).received_messages
    return received


def pull_now(subscriber: SubscriberClient, subscription: str) -> list[ReceivedMessage]:
    """Pull the available messages without waiting."""
    request = {"subscription": subscription, "max_messages": 1000, "return_immediately": True}
    with pytest.warns(DeprecationWarning, match="return_immediately"):
        return list(subscriber.pull(request=request).received_messages)


def data(received: list[ReceivedMessage]) -> list[bytes]:
    return [one.message.data for one in received]


def acknowledge(subscriber: SubscriberClient, subscription: str, received: list[ReceivedMessage]) -> None:
    subscriber.acknowledge(subscription=subscription, ack_ids=[one.ack_id for one in received])


def nack(subscriber: SubscriberClient, subscription: str, received: list[ReceivedMessage]) -> None:
    extend(subscriber, subscription, received, 0)


def extend(
    subscriber: SubscriberClient, subscription: str, received: list[ReceivedMessage], seconds: int
) -> None:
    """Set the ack deadline of messages to a number of seconds from now."""
    subscriber.modify_ack_deadline(
        subscription=subscription, ack_ids=[one.ack_id for one in received], ack_deadline_seconds=seconds
    )
