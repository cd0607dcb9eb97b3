"""Call all methods of both APIs: none hangs, crashes, or claims to do what it does not."""

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import grpc
import pytest
from google.cloud.firestore_v1.types import BatchWriteRequest
from google.pubsub_v1.types import Subscription, Topic

from tests.emulators.firestore.emulator import running as running_firestore
from tests.emulators.garbage import Garbage
from tests.emulators.methods import Method, methods
from tests.emulators.pubsub.emulator import running as running_pubsub

REQUESTS = int(os.environ.get("EMULATOR_REQUESTS", "20"))
FIRESTORE = methods("google.cloud.firestore_v1")
PUBSUB = methods("google.pubsub_v1")
OUT_OF_SCOPE = {
    "google.firestore.v1.Firestore/ExecutePipeline",
    "google.firestore.v1.Firestore/Listen",
    "google.firestore.v1.Firestore/PartitionQuery",
    "google.firestore.v1.Firestore/Write",
    "google.pubsub.v1.Publisher/ListTopicSnapshots",
    "google.pubsub.v1.Subscriber/CreateSnapshot",
    "google.pubsub.v1.Subscriber/DeleteSnapshot",
    "google.pubsub.v1.Subscriber/GetSnapshot",
    "google.pubsub.v1.Subscriber/ListSnapshots",
    "google.pubsub.v1.Subscriber/UpdateSnapshot",
}
WAIT_FOR_MESSAGES = {"google.pubsub.v1.Subscriber/Pull", "google.pubsub.v1.Subscriber/StreamingPull"}
# The valid statuses for any client's request. Any other status is a fault of the emulator.
STATUS_CODES = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.UNIMPLEMENTED,
}
DOCUMENT = "projects/walk/databases/(default)/documents/a/1"
TOPIC = "projects/walk/topics/topic"
SUBSCRIPTION = "projects/walk/subscriptions/subscription"
WORDS = [
    *(DOCUMENT, DOCUMENT[:-2], DOCUMENT[:-4], "projects/walk/databases/(default)", "a", "1", "n"),
    *(TOPIC, SUBSCRIPTION, "projects/walk", "projects/walk/schemas/schema", "projects/walk/topics/other"),
]


@dataclass(frozen=True)
class Walk:
    """Both emulators, with some data."""

    firestore: grpc.Channel
    pubsub: grpc.Channel

    def channel(self, method: Method) -> grpc.Channel:
        return self.firestore if method in FIRESTORE else self.pubsub


@pytest.fixture(scope="module")
def walk() -> Iterator[Walk]:
    with (
        running_firestore("--lock-timeout=0.05") as documents,
        running_pubsub() as messages,
        grpc.insecure_channel(documents.host) as firestore,
        grpc.insecure_channel(messages.host) as pubsub,
    ):
        walk = Walk(firestore, pubsub)
        fill(walk)
        yield walk
        fill(walk)  # they still work


def fill(walk: Walk) -> None:
    write = {"update": {"name": DOCUMENT, "fields": {"n": {"integer_value": 1}}}}
    requests = {
        "BatchWrite": BatchWriteRequest.serialize(
            BatchWriteRequest(database=DOCUMENT.partition("/documents")[0], writes=[write])
        ),
        "CreateTopic": Topic.serialize(Topic(name=TOPIC)),
        "CreateSubscription": Subscription.serialize(Subscription(name=SUBSCRIPTION, topic=TOPIC)),
    }
    for name, body in requests.items():
        (method,) = (method for method in FIRESTORE + PUBSUB if method.name == name)
        outcome = method.call(walk.channel(method), body)
        assert outcome.code in {grpc.StatusCode.OK, grpc.StatusCode.ALREADY_EXISTS}


def every_method() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("method", FIRESTORE + PUBSUB, ids=str)


@every_method()
def test_a_method_responds_to_an_empty_request(method: Method, walk: Walk) -> None:
    outcome = method.call(walk.channel(method), b"")
    if str(method) in OUT_OF_SCOPE:
        assert outcome.code == grpc.StatusCode.UNIMPLEMENTED
        assert method.name in outcome.details
    else:
        assert outcome.code == grpc.StatusCode.INVALID_ARGUMENT
        assert outcome.details


@every_method()
def test_a_method_responds_to_garbage(method: Method, walk: Walk) -> None:
    seed = time.time_ns()
    print(f"{seed=}")  # noqa: T201 - shown when the test fails
    garbage = Garbage(random.Random(seed), WORDS)  # noqa: S311 - not a secret
    for number in range(REQUESTS):
        body = (
            garbage.spoilt(method.request) if number % 2 else garbage.like(method.request).SerializeToString()
        )
        waits = str(method) in WAIT_FOR_MESSAGES
        outcome = method.call(walk.channel(method), body, seconds=0.2 if waits else 10)
        allowed = {*STATUS_CODES, grpc.StatusCode.DEADLINE_EXCEEDED} if waits else STATUS_CODES
        assert outcome.code in allowed, f"{body!r}: {outcome}"
        if str(method) in OUT_OF_SCOPE:
            assert outcome.code == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    "service", ["google.firestore.v1.Firestore", "google.pubsub.v1.Publisher", "made.up.Service"]
)
def test_a_method_that_does_not_exist_is_unimplemented_by_name(service: str, walk: Walk) -> None:
    channel = walk.firestore if "firestore" in service else walk.pubsub
    outcome = Method(service, "MakeCoffee", Topic.pb(Topic())).call(channel, b"")
    assert outcome.code == grpc.StatusCode.UNIMPLEMENTED
    assert f"{service}/MakeCoffee" in outcome.details
