import os
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import wait
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration

from tests.emulators.pubsub.emulator import Emulator, running
from tests.emulators.pubsub.pulling import acknowledge, data, nack, pull, pull_now

if TYPE_CHECKING:
    from google.cloud.pubsub_v1.publisher.futures import Future

TOPIC = "projects/durable/topics/news"
SUBSCRIPTION = "projects/durable/subscriptions/readers"
KILLS = int(os.environ.get("EMULATOR_KILLS", "3"))


def test_no_acknowledged_publish_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    seed = time.time_ns()
    print(f"{seed=}")  # noqa: T201 - shown when the test fails
    moments = random.Random(seed)  # noqa: S311 - it is about chance, not secrets
    with running("--data", str(tmp_path)) as emulator:
        create(emulator)
    published: set[bytes] = set()
    for kill in range(KILLS):
        with running("--data", str(tmp_path)) as emulator:
            killer = threading.Timer(moments.uniform(0.05, 0.5), emulator.process.kill)
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


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "infra.local.pubsub", "--port", "0", "--data", str(tmp_path)]
    with running("--data", str(tmp_path)):
        second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert second.stderr == (
        f"Pub/Sub emulator: {tmp_path}: database is locked; does another emulator use it?\n"
    )


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


def publish_until_killed(emulator: Emulator, kill: int) -> set[bytes]:
    """Return the contents whose publication was answered with success."""
    with emulator.publisher() as publisher:
        futures: dict[bytes, Future] = {}
        while emulator.process.poll() is None:
            content = b"%d before kill %d" % (len(futures), kill)
            futures[content] = publisher.publish(TOPIC, content, retry=None, timeout=5)
            wait([futures[content]], timeout=0.001)
        return {content for content, future in futures.items() if future.exception() is None}
