import base64
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient

from tests.emulators.pubsub.emulator import Emulator
from tests.emulators.pubsub.endpoint import Endpoint
from tests.emulators.pubsub.pulling import data, pull


@pytest.fixture
def pushing(subscriber: SubscriberClient, project: str, topic: str, endpoint: Endpoint) -> str:
    """A subscription that pushes to the endpoint."""
    return create(subscriber, f"{project}/subscriptions/pushing", topic, endpoint.url)


@pytest.fixture
def listener(subscriber: SubscriberClient, project: str, topic: str) -> Iterator[socket.socket]:
    """A listening socket that a subscription pushes to, so that the test writes each byte of the response."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/push"
        create(subscriber, f"{project}/subscriptions/pushing", topic, url)
        yield listener


def create(
    subscriber: SubscriberClient,
    name: str,
    topic: str,
    url: str,
    **settings: Any,  # noqa: ANN401 - as the client takes them
) -> str:
    subscriber.create_subscription(
        request={"name": name, "topic": topic, "push_config": {"push_endpoint": url}, **settings}
    )
    return name


def content(pushed: dict[str, Any]) -> bytes:
    return base64.b64decode(pushed["message"]["data"])


def test_a_push_has_the_documented_envelope(
    publisher: PublisherClient, topic: str, pushing: str, endpoint: Endpoint
) -> None:
    message_id = publisher.publish(topic, b"hello", colour="blue").result()
    pushed = endpoint.next()
    published = pushed["message"]["publishTime"]
    assert {
        "message": {
            "data": "aGVsbG8=",
            "attributes": {"colour": "blue"},
            "messageId": message_id,
            "message_id": message_id,
            "publishTime": published,
            "publish_time": published,
        },
        "subscription": pushing,
    } == pushed


@pytest.mark.usefixtures("pushing")
@pytest.mark.parametrize("status", [102, 200, 201, 202, 204])
def test_the_documented_statuses_acknowledge(
    status: int, publisher: PublisherClient, topic: str, endpoint: Endpoint
) -> None:
    endpoint.statuses.append(status)
    publisher.publish(topic, b"first").result()
    assert content(endpoint.next()) == b"first"
    endpoint.statuses.append(500)
    publisher.publish(topic, b"second").result()
    assert [content(endpoint.next()), content(endpoint.next())] == [b"second", b"second"]
    assert endpoint.pushed.empty()


@pytest.mark.parametrize(
    "header", [b"Content-Length: 2", b"Transfer-Encoding: chunked", b"X-Length: unknown"]
)
def test_a_response_counts_with_its_head(
    header: bytes, publisher: PublisherClient, emulator: Emulator, topic: str, listener: socket.socket
) -> None:
    publisher.publish(topic, b"done").result()
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(5)  # half of the ack deadline
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\n")
        while connection.recv(65_536):
            """Read the request, and wait for the emulator to close the connection first."""
    wait_until_acked(emulator, topic.partition("/topics/")[0])


def test_an_interim_response_is_followed_by_the_final_one(
    publisher: PublisherClient, emulator: Emulator, topic: str, listener: socket.socket
) -> None:
    publisher.publish(topic, b"twice").result()
    for final in (b"503 Service Unavailable", b"200 OK"):
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)  # half of the ack deadline
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n")
            connection.sendall(b"HTTP/1.1 " + final + b"\r\n\r\n")
            while connection.recv(65_536):
                """Read the request, and wait for the emulator to close the connection first."""
    wait_until_acked(emulator, topic.partition("/topics/")[0])


def test_half_a_head_brings_the_message_again(
    publisher: PublisherClient, topic: str, listener: socket.socket
) -> None:
    publisher.publish(topic, b"again").result()
    for _ in range(2):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")


@pytest.mark.usefixtures("pushing")
@pytest.mark.parametrize("status", [100, 203, 302, 404, 429, 500, 503])
def test_any_other_status_brings_the_message_again_after_a_growing_pause(
    status: int, publisher: PublisherClient, topic: str, endpoint: Endpoint
) -> None:
    endpoint.statuses.extend([status] * 3)
    began = time.monotonic()
    publisher.publish(topic, b"again").result()
    assert [content(endpoint.next()) for _ in range(4)] == [b"again"] * 4
    assert time.monotonic() - began >= 0.1 + 0.2 + 0.4


def test_an_endpoint_that_comes_back_gets_its_messages(
    publisher: PublisherClient, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    with Endpoint() as away:
        create(subscriber, f"{project}/subscriptions/pushing", topic, away.url)
    publisher.publish(topic, b"kept").result()
    with Endpoint(away.server_port) as back:
        assert content(back.next()) == b"kept"


def test_a_subscription_can_be_turned_to_push_and_back(
    publisher: PublisherClient,
    subscriber: SubscriberClient,
    topic: str,
    subscription: str,
    endpoint: Endpoint,
) -> None:
    publisher.publish(topic, b"waiting").result()
    subscriber.modify_push_config(subscription=subscription, push_config={"push_endpoint": endpoint.url})
    assert content(endpoint.next()) == b"waiting"
    subscriber.modify_push_config(subscription=subscription, push_config={})
    publisher.publish(topic, b"to pull").result()
    assert data(pull(subscriber, subscription)) == [b"to pull"]
    assert endpoint.pushed.empty()


def test_a_push_subscription_always_has_the_version_of_its_format(
    subscriber: SubscriberClient, pushing: str, subscription: str
) -> None:
    def shown(name: str) -> dict[str, str]:
        return dict(subscriber.get_subscription(subscription=name).push_config.attributes)

    version = {"x-goog-version": "v1"}
    assert shown(pushing) == version
    other: dict[str, Any] = {"push_endpoint": "http://127.0.0.1:9/other"}
    subscriber.modify_push_config(subscription=pushing, push_config=other)
    assert shown(pushing) == version
    update = {
        "subscription": {"name": pushing, "push_config": other},
        "update_mask": {"paths": ["push_config"]},
    }
    updated = subscriber.update_subscription(request=update)
    assert (updated.push_config.push_endpoint, shown(pushing)) == (other["push_endpoint"], version)

    assert shown(subscription) == {}  # a pull subscription
    subscriber.modify_push_config(subscription=subscription, push_config=other)
    assert shown(subscription) == version


def test_pushes_of_one_ordering_key_come_one_after_the_other(
    subscriber: SubscriberClient, emulator: Emulator, project: str, topic: str, endpoint: Endpoint
) -> None:
    create(subscriber, f"{project}/subscriptions/ordered", topic, endpoint.url, enable_message_ordering=True)
    endpoint.statuses.extend([204, 500])
    emulator.publish_in_order(topic, "key", [b"0", b"1", b"2", b"3"])
    pushed = [endpoint.next() for _ in range(5)]
    assert [content(one) for one in pushed] == [b"0", b"1", b"1", b"2", b"3"]
    assert {"key"} == {one["message"]["orderingKey"] for one in pushed}


def test_a_push_can_be_doubled_on_demand(
    publisher: PublisherClient, topic: str, pushing: str, endpoint: Endpoint, emulator: Emulator
) -> None:
    emulator.fault(method="Push", pattern=pushing, duplicate=True)
    publisher.publish(topic, b"twice").result()
    assert [content(endpoint.next()), content(endpoint.next())] == [b"twice", b"twice"]


def test_pushes_can_be_delayed_and_so_reordered_on_demand(
    publisher: PublisherClient, topic: str, pushing: str, endpoint: Endpoint, emulator: Emulator
) -> None:
    emulator.fault(method="Push", pattern=pushing, delay_ms=600_000)
    for sent in (b"first", b"second"):
        publisher.publish(topic, sent).result()
    assert content(endpoint.next()) == b"second"
    emulator.control.delete("/faults").raise_for_status()
    assert content(endpoint.next()) == b"first"


def test_a_delivered_push_can_be_counted_as_failed_on_demand(
    publisher: PublisherClient, topic: str, pushing: str, endpoint: Endpoint, emulator: Emulator
) -> None:
    emulator.fault(method="Push", pattern=pushing, when="after", code="UNAVAILABLE")
    publisher.publish(topic, b"again").result()
    assert [content(endpoint.next()), content(endpoint.next())] == [b"again", b"again"]


def wait_until_acked(emulator: Emulator, project: str) -> None:
    for _ in range(100):
        if emulator.counters(project)["acked"] == 1:
            return
        time.sleep(0.05)
    raise AssertionError("the message is not acknowledged")
