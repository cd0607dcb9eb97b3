"""No input makes the server fail: it is registered, or it is rejected without any effect."""

import json
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from google.cloud.firestore import Client
from google.protobuf.json_format import ParseDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.pb.inventory.v1.machine_pb2 import Machine
from tests.control import Control
from tests.functions.machines.api import Headers, MachinesApi
from tests.functions.machines.bodies import PROFILE, Body, a_body, a_full_body
from tests.functions.machines.expectations import problem
from tests.stack import NewOrganization

# For a longer search, set MUSTER_FUZZ_EXAMPLES=10000.
EXAMPLES = int(os.environ.get("MUSTER_FUZZ_EXAMPLES", "50"))
unhurried = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, -1, 2**31, 2**63 - 1, 2**63, 1e308, -0.0])
NAMES = (
    st.sampled_from([*a_full_body(), "manufacturer", "mac", "size", "capacity", "cores", "id"]) | st.text()
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)


@st.composite
def bent_bodies(draw: st.DrawFn) -> Body:
    """Draw a body in which one value is replaced."""
    body = a_full_body()
    holder: Any = body
    while True:
        locations = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        location = draw(st.sampled_from(locations))
        inner = holder[location]
        if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
            holder[location] = draw(ANY_JSON)
            return body
        holder = inner


@st.composite
def broken(draw: st.DrawFn, write: Callable[[Body], bytes]) -> bytes:
    """Draw a serialized body in which some bytes are replaced."""
    content = write(a_full_body())
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, min(len(content), start + 20)))
    return content[:start] + draw(st.binary(max_size=20)) + content[end:]


def as_json(body: object) -> bytes:
    return json.dumps(body).encode()


def as_protobuf(body: Body) -> bytes:
    profile = {name: value for name, value in body.items() if name in PROFILE}
    return ParseDict(profile, Machine()).SerializeToString()


HEADERS = [
    "Accept",
    "Content-Type",
    "Idempotency-Key",
    "X-Request-Id",
    "traceparent",
    "X-Cloud-Trace-Context",
]
# HTTP/1.1 clients can send visible ASCII, bytes above it, and spaces and tabs between them.
UNSENDABLE = {*range(0x20), 0x7F} - {0x09}
HEADER_VALUES = st.binary(max_size=300).map(
    lambda value: bytes(byte for byte in value if byte not in UNSENDABLE).strip()
)


@pytest.fixture(scope="module")
def fuzzed(
    http: httpx.AsyncClient, new_organization: NewOrganization, firestore_client: Client
) -> MachinesApi:
    """The API for an organization of this module only."""
    return MachinesApi(http=http, organization=new_organization(), store=firestore_client)


async def send(
    machines: MachinesApi, control: Control, content: bytes, headers: Headers | None = None
) -> None:
    """Send a body, and check that it is registered, or rejected without a write."""
    await control.tally("Commit", machines.organization.id)

    response = await machines.post(content, headers)

    commits = await control.tallied()
    if response.status_code != 201:
        assert response.status_code in {400, 409, 415, 422}, response.text
        problem(response, response.status_code)
        assert commits == 0 or response.status_code in {409, 422}  # the commit itself was rejected


@unhurried
@given(value=ANY_JSON)
async def test_any_json(fuzzed: MachinesApi, firestore_control: Control, value: object) -> None:
    await send(fuzzed, firestore_control, as_json(value))


@unhurried
@given(body=bent_bodies())
async def test_a_body_with_one_value_bent(
    fuzzed: MachinesApi, firestore_control: Control, body: Body
) -> None:
    await send(fuzzed, firestore_control, as_json(body))


@unhurried
@given(content=broken(as_json) | st.binary())
async def test_any_bytes(fuzzed: MachinesApi, firestore_control: Control, content: bytes) -> None:
    await send(fuzzed, firestore_control, content)


@unhurried
@given(content=broken(as_protobuf) | st.binary())
async def test_any_bytes_as_protobuf(fuzzed: MachinesApi, firestore_control: Control, content: bytes) -> None:
    await send(fuzzed, firestore_control, content, {"Content-Type": b"application/x-protobuf"})


@unhurried
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path=st.lists(
        st.sampled_from(["api", "v1", "machines", "pools", "health", "..", "%2e", ""]) | st.text(), max_size=5
    ),
    query=st.dictionaries(
        st.sampled_from(["page", "per_page", "mac", "page_token"]) | st.text(), st.text(), max_size=3
    ),
)
async def test_any_address(
    fuzzed: MachinesApi, firestore_control: Control, method: str, path: list[str], query: dict[str, str]
) -> None:
    await firestore_control.tally("Commit", fuzzed.organization.id)
    address = f"{fuzzed.http.base_url}/" + "/".join(quote(segment, safe="%") for segment in path)

    response = await fuzzed.http.request(method, address, params=query, headers=fuzzed.organization.headers)

    assert await firestore_control.tallied() == 0
    assert response.status_code < 500, response.text


@unhurried
@given(headers=st.dictionaries(st.sampled_from(HEADERS), HEADER_VALUES, max_size=3))
async def test_any_headers(fuzzed: MachinesApi, firestore_control: Control, headers: Headers) -> None:
    await send(fuzzed, firestore_control, as_json(a_body()), headers)
