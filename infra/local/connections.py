"""Shutdown of gRPC connections from the server's side, for faults on demand.

gRPC has no way to close one client's connection. So its socket is found among this process's file descriptors
by the peer's address, and shut down. To the client, this looks like a broken network.
"""

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

_DESCRIPTORS = Path("/dev/fd")  # Linux and macOS


def cut(peer: str) -> None:
    """Shut down the connection from a peer, which is named as in gRPC (`ipv4:127.0.0.1:5000`)."""
    for connection in _connections():
        if _peer_of(connection) == peer:
            connection.shutdown(socket.SHUT_RDWR)


def _connections() -> Iterator[socket.socket]:
    for descriptor in [int(entry.name) for entry in _DESCRIPTORS.iterdir()]:
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                with socket.socket(fileno=os.dup(descriptor)) as connection:
                    yield connection


def _peer_of(connection: socket.socket) -> str | None:
    try:
        address = connection.getpeername()
    except OSError:
        return None
    if connection.family == socket.AF_INET:
        return f"ipv4:{address[0]}:{address[1]}"
    if connection.family == socket.AF_INET6:
        return f"ipv6:[{address[0]}]:{address[1]}"
    return None
