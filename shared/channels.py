"""gRPC channels to Google's services, or to their emulators, and what tells a call's way there."""

import os
from collections.abc import Callable
from urllib.parse import quote

import grpc

# Those of Google's generated clients. Messages are as large as the services take them, not gRPC's 4 MiB; and
# a connection that is gone is noticed, also by an instance that had no CPU meanwhile.
OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_metadata_size", 4 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
)


def connect(emulator: str, create_channel: Callable[..., grpc.aio.Channel]) -> grpc.aio.Channel:
    """Make a channel, which belongs to the event loop that it is made in.

    Args:
        emulator: the environment variable that has the emulator's address, where there is one.
        create_channel: makes a channel to the service itself, with its address, credentials and scopes.
    """
    address = os.environ.get(emulator)
    if address is None:
        return create_channel(options=OPTIONS)
    return grpc.aio.insecure_channel(address, options=OPTIONS)


def routing(field: str, value: str) -> tuple[tuple[str, str], ...]:
    """Give the metadata by which Google's front ends route a call: https://google.aip.dev/client-libraries/4222."""
    return (("x-goog-request-params", f"{field}={quote(value)}"),)
