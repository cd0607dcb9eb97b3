import os
import random
import threading
import time
from concurrent.futures import wait
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from google.cloud.pubsub_v1 import PublisherClient
from google.protobuf.duration_pb2 import Duration

from tests.emulators.pubsub.emulator import Emulator, running
from tests.emulators.pubsub.pulling import acknowledge, data, nack, pull, pull_now

if TYPE_CHECKING:
    from google.cloud.pubsub_v1.publisher.futures import Future

TOPIC = "projects/durable/topics/news"
SUBSCRIPTION = "projects/durable/subscriptions/readers"
RETENTION = Duration(seconds=3600)
KILLS = int(os.environ.get("EMULATOR_KILLS", "3"))


def test_no_acknowledged_publish_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    seed = time.time_ns()
    print(f"{seed=}")  # noqa: T201 - shown when the test fails
    rng = random.Random(seed)  # noqa: S311 - not a secret
    with running("--data", str(tmp_path)) as emulator:
        create(emulator)
    published: set[bytes] = set()
    for kill in range(KILLS):
        with running("--data", str(tmp_path)) as emulator:
            killer = threading.Timer(rng.uniform(0.05, 0.5), emulator.process.kill)
            killer.start()
            published |= publish_until_killed(emulator, kill)
    assert published
    with running("--data", str(tmp_path)) as emulator, emulator.subscriber() as subscriber:
        found: set[bytes] = set()
        while received := pull_now(subscriber, SUBSCRIPTION):
            acknowledge(subscriber, SUBSCRIPTION, received)
            found.update(data(received))
    assert published <= found


def test_a_restart_finds_topics_subscriptions_and_what_is_unacknowledged(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as emulator:
        create(emulator)
        with emulator.publisher() as publisher, emulator.subscriber() as subscriber:
            for content in (b"done", b"failed", b"leased"):
                publisher.publish(TOPIC, content).result()
            done, failed, _ = pull(subscriber, SUBSCRIPTION, 3)
            acknowledge(subscriber, SUBSCRIPTION, [done])
            nack(subscriber, SUBSCRIPTION, [failed])
            before = subscriber.get_subscription(subscription=SUBSCRIPTION)
    with running("--data", str(tmp_path)) as emulator, emulator.subscriber() as subscriber:
        assert subscriber.get_subscription(subscription=SUBSCRIPTION) == before
        received = pull(subscriber, SUBSCRIPTION, 2)
        assert {one.message.data: one.delivery_attempt for one in received} == {b"failed": 2, b"leased": 1}
        with emulator.publisher() as publisher:
            later = publisher.publish(TOPIC, b"later").result()
        assert int(later) > int(received[-1].message.message_id)


def test_a_restart_finds_what_a_topic_retained_and_no_more(tmp_path: Path) -> None:
    contents = [b"before", b"forgotten", b"retained"]
    with running("--data", str(tmp_path)) as emulator:
        create(emulator)
        with emulator.publisher() as publisher:
            for content, retention in zip(contents, (None, RETENTION, RETENTION), strict=True):
                retain(publisher, None)
                retain(publisher, retention)
                publisher.publish(TOPIC, content).result()
                time.sleep(0.01)  # publish times are in whole milliseconds
        assert replayed(emulator, "first") == [b"retained"]
    with running("--data", str(tmp_path)) as emulator, emulator.subscriber() as subscriber:
        assert replayed(emulator, "second") == [b"retained"]
        assert data(pull(subscriber, SUBSCRIPTION, 3)) == contents


def test_a_restart_gives_a_topic_nothing_of_an_earlier_one_of_its_name(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as emulator:
        create(emulator)
        with emulator.publisher() as publisher:
            retain(publisher, RETENTION)
            publisher.publish(TOPIC, b"of the earlier one").result()
            publisher.delete_topic(topic=TOPIC)
            publisher.create_topic(request={"name": TOPIC, "message_retention_duration": RETENTION})
    with running("--data", str(tmp_path)) as emulator, emulator.subscriber() as subscriber:
        assert replayed(emulator, "later") == []
        assert data(pull(subscriber, SUBSCRIPTION)) == [b"of the earlier one"]


def test_an_ack_id_of_before_a_restart_acknowledges_nobody_elses_delivery(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as emulator:
        create(emulator)
        with emulator.publisher() as publisher, emulator.subscriber() as subscriber:
            publisher.publish(TOPIC, b"kept").result()
            before = pull(subscriber, SUBSCRIPTION)
    with running("--data", str(tmp_path)) as emulator, emulator.subscriber() as subscriber:
        again = pull(subscriber, SUBSCRIPTION)
        acknowledge(subscriber, SUBSCRIPTION, before)
        nack(subscriber, SUBSCRIPTION, again)
        assert data(pull_now(subscriber, SUBSCRIPTION)) == [b"kept"]


def create(emulator: Emulator) -> None:
    with emulator.publisher() as publisher, emulator.subscriber() as subscriber:
        publisher.create_topic(name=TOPIC)
        subscriber.create_subscription(
            request={
                "name": SUBSCRIPTION,
                "topic": TOPIC,
                "expiration_policy": {"ttl": Duration(seconds=86_400)},
                "dead_letter_policy": {"dead_letter_topic": TOPIC},
            }
        )


def retain(publisher: PublisherClient, retention: Duration | None) -> None:
    """Set the topic's message retention, or remove it."""
    topic = {"name": TOPIC, "message_retention_duration": retention}
    publisher.update_topic(request={"topic": topic, "update_mask": {"paths": ["message_retention_duration"]}})


def replayed(emulator: Emulator, name: str) -> list[bytes]:
    """Create a subscription, seek back to the beginning, and return its messages."""
    subscription = f"projects/durable/subscriptions/{name}"
    with emulator.subscriber() as subscriber:
        subscriber.create_subscription(name=subscription, topic=TOPIC)
        subscriber.seek(request={"subscription": subscription, "time": datetime.fromtimestamp(0, UTC)})
        return data(pull_now(subscriber, subscription))


def publish_until_killed(emulator: Emulator, kill: int) -> set[bytes]:
    """Publish until the emulator is killed, and return the contents of acknowledged messages."""
    with emulator.publisher() as publisher:
        futures: dict[bytes, Future] = {}
        while emulator.process.poll() is None:
            content = b"%d before kill %d" % (len(futures), kill)
            futures[content] = publisher.publish(TOPIC, content, retry=None, timeout=5)
            wait([futures[content]], timeout=0.001)
        return {content for content, future in futures.items() if future.exception() is None}
