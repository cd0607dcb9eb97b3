import os
import socket
from pathlib import Path

from infra.local.connections import cut


def test_the_peer_is_cut_off_and_nobody_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with (
            socket.create_connection(address) as one,
            server.accept()[0],
            socket.create_connection(address) as another,
            server.accept()[0] as other_end,
        ):
            cut(f"ipv4:127.0.0.1:{one.getsockname()[1]}")
            assert one.recv(1) == b""
            other_end.sendall(b"on")
            assert another.recv(2) == b"on"


def test_no_descriptor_is_left_open() -> None:
    reader, writer = os.pipe()
    before = len(list(Path("/dev/fd").iterdir()))
    cut("ipv4:127.0.0.1:1")
    assert len(list(Path("/dev/fd").iterdir())) == before
    os.close(reader)
    os.close(writer)
