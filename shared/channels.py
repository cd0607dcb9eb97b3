"""gRPC channels to Google's services or their emulators, and the routing metadata of calls."""

import os
from collections.abc import Sequence

import google.auth
import grpc
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request

# The options of Google's generated clients. The size of messages is not limited to gRPC's 4 MiB. Keepalive
# detects a lost connection, even after an instance had no CPU for a while. Two options are added:
# - Data that is not acknowledged for three seconds means that the connection is lost. Otherwise, if it was
#   lost without a sign while the instance was idle, every request would fail for twenty seconds.
# - While a service refuses connections, the pauses between attempts do not grow to two minutes. Until the end
#   of such a pause, every request would fail, even if the service is back.
OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_metadata_size", 4 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)

Metadata = tuple[tuple[str, str], ...]


def connect(emulator: str, host: str, scopes: Sequence[str]) -> grpc.aio.Channel:
    """Make a channel, which belongs to the event loop that it is made in.

    Args:
        emulator: the environment variable with the emulator's address; if it is not set, the service is used.
        host: the service's host.
        scopes: the OAuth scopes of tokens, for credentials without scopes of their own.
    """
    address = os.environ.get(emulator)
    if address is None:
        return grpc.aio.secure_channel(host, _credentials(host, scopes), options=OPTIONS)
    return grpc.aio.insecure_channel(address, options=OPTIONS)


def _credentials(host: str, scopes: Sequence[str]) -> grpc.ChannelCredentials:
    """Return credentials for TLS that add a token of the application default credentials to each call.

    They are the same as those that `google.api_core.grpc_helpers` makes for Google's generated clients.
    google-auth alone takes less time to import: docs/decisions/0010-plain-rpcs.md.
    """
    credentials, _ = google.auth.default(default_scopes=scopes)
    authorization = AuthMetadataPlugin(  # type: ignore[no-untyped-call] # it has no types
        credentials, Request(), default_host=host, suppress_metrics_header=True
    )
    return grpc.compute_engine_channel_credentials(grpc.metadata_call_credentials(authorization))


def routing(field: str, quoted: str) -> Metadata:
    """Return a call's routing metadata for Google's front ends: https://google.aip.dev/client-libraries/4222.

    The field's value must be percent-encoded.
    """
    return (("x-goog-request-params", f"{field}={quoted}"),)
