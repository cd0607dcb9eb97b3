"""The calls that are measured: what a client sends."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from tests.functions.machines.bodies import PROFILE


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of the API.

    Attributes:
        name: what it is chosen by.
        function: who serves it.
        requests: makes the HTTP requests, each another one, for the bearer of an API key.
        target: the least share of the floor's throughput, at 16 connections.
    """

    name: str
    function: str
    requests: Callable[[str], Iterator[bytes]]
    target: float = 0.7


def request(method: str, path: str, api_key: str, body: object = None, headers: str = "") -> bytes:
    """Write an HTTP request."""
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {api_key}\r\n{headers}"
    if content:
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return f"{head}\r\n".encode() + content


_machines = count()


def _registrations(api_key: str, headers: Callable[[], str]) -> Iterator[bytes]:
    while True:
        mac = f"02{next(_machines):010x}"
        body = PROFILE | {"nics": [{"mac": ":".join(mac[at : at + 2] for at in range(0, 12, 2))}]}
        yield request("POST", "/api/v1/machines", api_key, body, headers())


def _plain(api_key: str) -> Iterator[bytes]:
    return _registrations(api_key, str)


def _keyed(api_key: str) -> Iterator[bytes]:
    return _registrations(api_key, lambda: f"Idempotency-Key: {uuid.uuid4()}\r\n")


CALLS = (
    Call(name="registration", function="machines", requests=_plain, target=0.8),
    Call(name="registration-keyed", function="machines", requests=_keyed),
)
