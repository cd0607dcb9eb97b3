"""Bodies of `POST /api/v1/machines`."""

import copy
import json
import secrets
from typing import Any

Body = dict[str, Any]
Path = tuple[str | int, ...]

GIB = 2**30
PROFILE: Body = {
    "cpus": [{"manufacturer": "Intel", "clock_frequency": 2_400_000_000, "cores": 8}],
    "memory_modules": [{"size": 16 * GIB}, {"size": 16 * GIB}],
    "accelerators": [],
    "nics": [{"mac": "00:00:5e:00:53:00"}],
    "drives": [{"capacity": 500_107_862_016}],
}
OPTIONAL: Body = {
    "name": "rack 7, slot 3",
    "hostname": "r7s3.example.com",
    "version": "1.4.2",
    "os_info": "Debian GNU/Linux 12 (bookworm)",
    "labels": {"example.com/rack": "r7", "tier": ""},
    "machine_parameters": {
        "bios": {"boot": ["disk", "net"], "retries": 3, "ratio": 0.5},
        "matrix": [[1], []],
    },
}


def a_mac() -> str:
    """Return a random MAC address: unicast, locally administered."""
    return bytes([0x02, *secrets.token_bytes(5)]).hex(":")


def a_body(**changes: Any) -> Body:  # noqa: ANN401 - any JSON, even invalid
    """Make a valid body, with the given changes."""
    return copy.deepcopy(PROFILE) | {"nics": [{"mac": a_mac()}]} | changes


def a_full_body() -> Body:
    """Make a valid body with every field."""
    return a_body(accelerators=[{"manufacturer": "NVIDIA"}], **copy.deepcopy(OPTIONAL))


def with_value(body: Body, path: Path, value: Any) -> Body:  # noqa: ANN401 - the same
    """Set the value at a path of a body, and return the body."""
    target: Any = body
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return body


def with_text(body: Body, path: Path, text: str) -> bytes:
    """Serialize a body as JSON, with a text, valid JSON or not, instead of the value at a path."""
    marker = secrets.token_hex()
    return json.dumps(with_value(body, path, marker)).replace(f'"{marker}"', text).encode()
