"""gRPC channels to Google's services or their emulators, and the routing metadata of calls."""

import os
from collections.abc import Sequence

import google.auth
import grpc
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request

# Those of Google's generated clients. Messages are as large as the services take them, not gRPC's 4 MiB; and
# a connection that is gone is noticed, also by an instance that had no CPU meanwhile.
OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_metadata_size", 4 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
)


def connect(emulator: str, host: str, scopes: Sequence[str]) -> grpc.aio.Channel:
    """Make a channel, which belongs to the event loop that it is made in.

    Args:
        emulator: the environment variable that has the emulator's address, where there is one.
        host: of the service itself.
        scopes: what a token for it is asked for, where credentials have none of their own.
    """
    address = os.environ.get(emulator)
    if address is None:
        return grpc.aio.secure_channel(host, _credentials(host, scopes), options=OPTIONS)
    return grpc.aio.insecure_channel(address, options=OPTIONS)


def _credentials(host: str, scopes: Sequence[str]) -> grpc.ChannelCredentials:
    """Give TLS, and with each call a token of the application default credentials.

    They are those of Google's generated clients, as `google.api_core.grpc_helpers` puts them together. The
    same from google-auth alone takes less to import: docs/decisions/0010-plain-rpcs.md.
    """
    credentials, _ = google.auth.default(default_scopes=scopes)
    authorization = AuthMetadataPlugin(  # type: ignore[no-untyped-call] # it has no types
        credentials, Request(), default_host=host, suppress_metrics_header=True
    )
    return grpc.compute_engine_channel_credentials(grpc.metadata_call_credentials(authorization))


def routing(field: str, quoted: str) -> tuple[tuple[str, str], ...]:
    """Give the metadata by which Google's front ends route a call: https://google.aip.dev/client-libraries/4222.

    The field's value is quoted as in a URL.
    """
    return (("x-goog-request-params", f"{field}={quoted}"),)
