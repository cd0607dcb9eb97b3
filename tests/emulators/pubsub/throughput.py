"""Measure messages per second: `python -m tests.emulators.pubsub.throughput [MESSAGES] [DATA]`.

Google's publisher, with batching, and Google's subscriber run in a process each.
"""

import multiprocessing
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from google.cloud.pubsub_v1.subscriber.message import Message
from google.cloud.pubsub_v1.types import FlowControl

from infra import os_errors
from infra.arguments import Parser, count, folder
from tests.emulators.pubsub.emulator import running
from tests.google_clients import PubSub

TOPIC = "projects/throughput/topics/news"
SUBSCRIPTION = "projects/throughput/subscriptions/readers"


@dataclass(frozen=True)
class Result:
    """The result of a measurement.

    Attributes:
        distinct: The number of different messages.
        received: The number of received messages, including repeats.
        seconds: The time from the first publish to the last receipt.
    """

    distinct: int
    received: int
    seconds: float


def measure(messages: int, *arguments: str) -> Result:
    """Publish messages to an emulator with these arguments, and receive them."""
    with (
        running(*arguments) as emulator,
        emulator.publisher() as publisher,
        emulator.subscriber() as subscriber,
    ):
        publisher.create_topic(name=TOPIC)
        subscriber.create_subscription(name=SUBSCRIPTION, topic=TOPIC)
        ours, theirs = multiprocessing.Pipe()
        processes = multiprocessing.get_context("spawn")
        receiver = processes.Process(target=_receive, args=(emulator.host, messages, theirs))
        receiver.start()
        ours.recv()  # the other process is ready
        begin = time.monotonic()
        futures = [publisher.publish(TOPIC, b"x" * 200, n=str(number)) for number in range(messages)]
        for future in futures:
            future.result()
        distinct, received = ours.recv()
        seconds = time.monotonic() - begin
        receiver.join()
    return Result(distinct, received, seconds)


def _receive(host: str, messages: int, parent: Connection) -> None:
    seen: set[str] = set()
    received = 0
    lock = threading.Lock()
    complete = threading.Event()

    def handle(message: Message) -> None:
        nonlocal received
        message.ack()
        with lock:
            received += 1
            seen.add(message.attributes["n"])
            if len(seen) == messages:
                complete.set()

    with PubSub(host).subscriber() as subscriber:
        flow_control = FlowControl(max_messages=5_000)
        stream = subscriber.subscribe(SUBSCRIPTION, callback=handle, flow_control=flow_control)
        parent.send("ready")
        complete.wait(100)
        parent.send((len(seen), received))
        stream.cancel()
        stream.result()


@os_errors.in_one_line()
def main() -> None:
    """Measure, and print the rate."""
    parser = Parser(prog="python -m tests.emulators.pubsub.throughput", description="Measure throughput.")
    parser.add_argument("messages", type=count, nargs="?", default=50_000, help="number (default: 50000)")
    parser.add_argument(
        "data", type=folder, nargs="?", help="a folder to keep the data in (default: in memory)"
    )
    arguments = parser.parse_args()
    messages: int = arguments.messages
    result = measure(messages, *(["--data", str(arguments.data)] if arguments.data else []))
    rate = messages / result.seconds
    print(f"{rate:,.0f} messages/s, {result.distinct} distinct, {result.received} received")  # noqa: T201 - the output


if __name__ == "__main__":
    main()
