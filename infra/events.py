"""Show the inventory events of the running stack: `python -m infra.events`, or `make events`."""

import argparse
import contextlib
import json
import logging
import os
import queue
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType

# gRPC would log errors when the stack stops, which this command itself reports in one line. gRPC reads the
# variable when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import uuid6
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.pubsub import SubscriberClient
from google.cloud.pubsub_v1.subscriber.futures import StreamingPullFuture
from google.cloud.pubsub_v1.subscriber.message import Message as Delivery
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from infra import os_errors
from infra.arguments import Parser
from infra.gist import gist
from infra.google_cloud import RETRY, TIMEOUT, one_line
from infra.local import state, topology
from infra.local.state import StackState
from shared.pb.inventory.v1 import events_pb2

# How often to check whether the stack still runs, in seconds.
POLL_SECONDS = 1.0

EventType = type[Message]
Arrivals = queue.Queue[tuple[EventType, Delivery] | BaseException]


@os_errors.in_one_line()
def main() -> None:
    """Show events until Ctrl-C, SIGTERM, or the end of the stack or of the output's reader."""
    arguments = _arguments()
    try:
        event_types = _event_types()
    except topology.TopologyError as error:
        sys.exit(f"muster: {error}")
    stack = state.read(arguments.state)
    if not stack:
        sys.exit(state.none_runs(arguments.state))
    _upon_signals(_interrupt)
    logging.getLogger("google").addHandler(logging.NullHandler())  # it logs no errors either
    show = _as_json if arguments.json else _as_line
    with (
        one_line("Pub/Sub"),
        contextlib.suppress(KeyboardInterrupt),
        _subscribed(stack, event_types) as arrivals,
    ):
        print(f"Events of {stack.gateway}, until Ctrl-C:", file=sys.stderr, flush=True)
        for event_type, delivery in _first_times(arrivals, stack, arguments.state):
            print(show(event_type.FromString(delivery.data), delivery), flush=True)


def _upon_signals(do: Callable[[int, FrameType | None], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as in a shell's background jobs
            signal.signal(number, do)


def _interrupt(*_: object) -> None:
    """End the command, and ignore further signals so that the subscriptions are still removed."""
    _upon_signals(_go_on)
    raise KeyboardInterrupt


def _go_on(*_: object) -> None:
    """Do nothing. Python would report an error if SIG_IGN was set while a signal arrives."""


@contextlib.contextmanager
def _subscribed(stack: StackState, event_types: Mapping[str, EventType]) -> Iterator[Arrivals]:
    """Receive the inventory's events over subscriptions that are deleted at the end of the context."""
    os.environ["PUBSUB_EMULATOR_HOST"] = stack.pubsub_emulator_host
    arrivals: Arrivals = queue.Queue()
    with contextlib.ExitStack() as at_end:
        client = at_end.enter_context(SubscriberClient())
        for topic, event_type in event_types.items():
            path = client.subscription_path(stack.project, f"events-{topic}-{uuid6.uuid7()}")
            client.create_subscription(
                request={
                    "name": path,
                    "topic": f"projects/{stack.project}/topics/{topic}",
                    "enable_message_ordering": True,
                    # The shortest possible, for the case that this process is killed.
                    "expiration_policy": {"ttl": timedelta(days=1)},
                },
                retry=RETRY,
                timeout=TIMEOUT,
            )
            at_end.callback(_remove, client, path)
            stream = client.subscribe(path, partial(_take, arrivals, event_type))
            stream.add_done_callback(partial(_give_up, arrivals))
            at_end.callback(stream.cancel)
        at_end.callback(_upon_signals, _go_on)
        yield arrivals


def _event_types() -> Mapping[str, EventType]:
    """Return the inventory's topics by name, each with the type of its messages.

    Raises:
        TopologyError: the topology is invalid, or names a message that is not in `shared/pb`.
    """
    declared = topology.load(topology.DEFAULT_FILE)
    pool = events_pb2.DESCRIPTOR.pool
    try:
        return {
            name: GetMessageClass(pool.FindMessageTypeByName(topic.message))
            for name, topic in declared.topics.items()
            if topic.message
        }
    except KeyError as error:  # it names the message
        raise topology.TopologyError(
            f"{topology.DEFAULT_FILE}: topics: {error.args[0]}: write it in proto/ and run make proto"
        ) from error


def _take(arrivals: Arrivals, event_type: EventType, delivery: Delivery) -> None:
    arrivals.put((event_type, delivery))
    delivery.ack()


def _give_up(arrivals: Arrivals, stream: StreamingPullFuture) -> None:
    if not stream.cancelled() and (error := stream.exception()):
        arrivals.put(error)


def _remove(client: SubscriberClient, subscription: str) -> None:
    # The stack and its emulator may have stopped first.
    with contextlib.suppress(GoogleAPICallError):
        client.delete_subscription(subscription=subscription, timeout=TIMEOUT, retry=None)


def _first_times(
    arrivals: Arrivals, stack: StackState, state_folder: Path
) -> Iterator[tuple[EventType, Delivery]]:
    """Yield events until the stack stops, each once by its ce-id, because delivery is at least once."""
    seen: set[str] = set()
    while True:
        try:
            arrival = arrivals.get(timeout=POLL_SECONDS)
        except queue.Empty:
            running = state.read(state_folder)
            if not running or running.pids["stack"] != stack.pids["stack"]:
                sys.stderr.write("muster: the stack has stopped\n")
                if stack.pubsub_control is not None:
                    # Its emulator has stopped with it. At a normal exit, the client library would try to
                    # reach that for ten seconds.
                    os._exit(1)
                sys.exit(1)
            continue
        if isinstance(arrival, BaseException):
            raise arrival
        event_id = arrival[1].attributes["ce-id"]
        if event_id not in seen:
            seen.add(event_id)
            yield arrival


def _as_line(event: Message, delivery: Delivery) -> str:
    time, kind, subject = (delivery.attributes.get(f"ce-{name}", "?") for name in ("time", "type", "subject"))
    return f"{time}  {kind}  {subject}  {gist(event)}"


def _as_json(event: Message, delivery: Delivery) -> str:
    return json.dumps(
        {
            "attributes": dict(delivery.attributes),
            "ordering_key": delivery.ordering_key,
            "message": MessageToDict(event, preserving_proto_field_name=True),
        }
    )


def _arguments() -> argparse.Namespace:
    parser = Parser(
        prog="python -m infra.events", description="Show the inventory events of the running stack."
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with all attributes")
    state.add_folder_argument(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
