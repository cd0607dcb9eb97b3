"""The function without the gateway: its log, and failures of its services."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from google.cloud.firestore import Client

from infra import keys
from infra.local.fork_server import ForkServer
from tests import proc
from tests.control import Control
from tests.functions.lone_function import LoneFunction, running_function
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body
from tests.functions.machines.expectations import PATH, common_headers, created, problem
from tests.stack import NewOrganization, RunningStack


@pytest.fixture(scope="module")
def nobody() -> Iterator[str]:
    """An address that refuses connections for the whole test."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # without listening
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture(scope="module")
async def without_topics(
    stack: RunningStack, fork_server: ForkServer, nobody: str
) -> AsyncIterator[LoneFunction]:
    """The function with the stack's Firestore, but without Pub/Sub."""
    environment = stack.environment() | {"PUBSUB_EMULATOR_HOST": nobody}
    async with running_function(fork_server, "machines", environment) as function:
        yield function


@pytest.fixture
def machines(
    without_topics: LoneFunction, new_organization: NewOrganization, firestore_client: Client
) -> MachinesApi:
    """The API, served by this function."""
    return MachinesApi(http=without_topics.http, organization=new_organization(), store=firestore_client)


@pytest.mark.long
async def test_without_pubsub_machines_are_registered_and_their_events_wait(machines: MachinesApi) -> None:
    ids = {created(await machines.register(a_body())) for _ in range(2)}

    waiting = {entry.get("ordering_key") for entry in machines.store.collection("outbox").stream()}
    assert ids <= waiting


async def test_without_credentials_for_pubsub_machines_are_registered_and_their_events_wait(
    *,
    stack: RunningStack,
    fork_server: ForkServer,
    new_organization: NewOrganization,
    firestore_client: Client,
    tmp_path: Path,
) -> None:
    environment = {
        "GOOGLE_CLOUD_PROJECT": stack.project,
        "FIRESTORE_EMULATOR_HOST": stack.firestore_emulator_host,
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "missing.json"),
    }
    async with running_function(fork_server, "machines", environment) as function:
        machines = MachinesApi(http=function.http, organization=new_organization(), store=firestore_client)
        machine_id = created(await machines.register(a_body()))

    waiting = {entry.get("ordering_key") for entry in firestore_client.collection("outbox").stream()}
    assert machine_id in waiting


@pytest.mark.long
async def test_without_a_store_it_lives_but_has_not_started(fork_server: ForkServer, nobody: str) -> None:
    environment = {
        "GOOGLE_CLOUD_PROJECT": "p",
        "FIRESTORE_EMULATOR_HOST": nobody,
        "PUBSUB_EMULATOR_HOST": nobody,
    }
    async with running_function(fork_server, "machines", environment) as function:
        assert (await function.http.get("/health/liveness")).status_code == 200
        startup = await function.http.get("/health/startup")
        assert (startup.status_code, startup.content) == (503, b"")
        assert int(startup.headers["retry-after"]) > 0
        assert startup.elapsed < timedelta(seconds=10)  # probes do not wait long

        response = await function.http.post(PATH, json=a_body(), headers={"Authorization": "Bearer key"})

        problem(response, 503)
        assert int(response.headers["retry-after"]) > 0


async def test_without_credentials_it_lives_but_has_not_started(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    environment = {
        "GOOGLE_CLOUD_PROJECT": "p",
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "missing.json"),
    }
    async with running_function(fork_server, "machines", environment) as function:
        assert (await function.http.get("/health/liveness")).status_code == 200

        await _has_not_started(function)


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "NOT_FOUND"])
async def test_without_permission_or_a_database_it_has_not_started(
    code: str, without_topics: LoneFunction, firestore_control: Control
) -> None:
    await firestore_control.fail_next(None, pattern="api_keys/startup", code=code)

    await _has_not_started(without_topics)


async def _has_not_started(function: LoneFunction) -> None:
    """Check that the startup probe fails, and that the log contains the reason."""
    response = await function.http.get("/health/startup", headers={"X-Request-Id": "startup-1"})

    assert (response.status_code, response.content) == (503, b"")
    assert int(response.headers["retry-after"]) > 0
    common_headers(response)
    entry = await function.log_entry("startup-1")
    assert (entry["severity"], bool(entry["exception"])) == ("ERROR", True)


@pytest.mark.long
async def test_an_instance_without_cpu_for_longer_than_the_timeout_serves_the_next_request(
    stack: RunningStack, fork_server: ForkServer
) -> None:
    """Cloud Run sets the variable. gunicorn would kill a worker that was silent for so long."""
    environment = stack.environment() | {"CLOUD_RUN_TIMEOUT_SECONDS": "1"}
    async with running_function(fork_server, "machines", environment) as function:
        # gunicorn closes a connection that was idle for so long, also while the next request is on its way.
        await function.http.get("/health/liveness", headers={"Connection": "close"})
        (worker,) = proc.children(function.arbiter)

        os.kill(worker, signal.SIGSTOP)
        await asyncio.sleep(3)  # gunicorn looks every second
        os.kill(worker, signal.SIGCONT)

        assert (await function.http.get("/health/liveness")).status_code == 200
        assert proc.children(function.arbiter) == [worker]


async def test_a_request_is_one_line_of_json(
    machines: MachinesApi, without_topics: LoneFunction, firestore_client: Client
) -> None:
    [key] = keys.find(firestore_client, "organization_id", machines.organization.id)
    created(await machines.register(a_body(), {"X-Request-Id": "logged-1"}))

    entry = await without_topics.log_entry("logged-1")

    # The failed publish is logged before the request.
    while "status" not in entry:
        entry = await without_topics.log_entry("logged-1")
    assert 0 < entry.pop("milliseconds") < 30_000
    assert {
        "severity": "INFO",
        "message": "POST /api/v1/machines 201",
        "request_id": "logged-1",
        "method": "POST",
        "route": PATH,
        "status": 201,
        "organization_id": machines.organization.id,
        "key_id": key.get("id"),
    } == entry


async def test_the_route_is_the_same_for_all_machines(without_topics: LoneFunction) -> None:
    path = f"{PATH}/0190b5a4-8d3c-7c1e-9f00-000000000001"
    problem(await without_topics.http.get(path, headers={"X-Request-Id": "route-1"}), 401)

    entry = await without_topics.log_entry("route-1")

    assert (entry["route"], entry["message"]) == (f"{PATH}/{{machine_id}}", f"GET {path} 401")


@pytest.mark.parametrize("path", ["/health/liveness", "/health/startup", "/openapi.json", "/docs"])
async def test_the_log_names_the_route_where_no_key_is_needed(
    without_topics: LoneFunction, path: str
) -> None:
    request_id = f"open{path}"
    await without_topics.http.get(path, headers={"X-Request-Id": request_id})

    entry = await without_topics.log_entry(request_id)

    assert path == entry["route"]


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("header", "value", "span", "sampled"),
    [
        ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01", "00f067aa0ba902b7", True),
        ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-00", "00f067aa0ba902b7", False),
        ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-02", "00f067aa0ba902b7", False),
        ("X-Cloud-Trace-Context", f"{TRACE}/255;o=1", "00000000000000ff", True),
        ("X-Cloud-Trace-Context", f"{TRACE}/255;o=0", "00000000000000ff", False),
        ("X-Cloud-Trace-Context", f"{TRACE}/255", "00000000000000ff", False),
        ("X-Cloud-Trace-Context", f"{TRACE}/{2**64 - 1};o=1", "ffffffffffffffff", True),
        ("X-Cloud-Trace-Context", f"{TRACE}/{2**64};o=1", None, True),
        ("X-Cloud-Trace-Context", f"{TRACE};o=1", None, True),
    ],
)
async def test_the_log_names_the_trace_for_cloud_logging(  # noqa: PLR0913 - a table of four columns
    without_topics: LoneFunction,
    stack: RunningStack,
    header: str,
    value: str,
    span: str | None,
    *,
    sampled: bool,
) -> None:
    """https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields."""
    request_id = f"trace-{value[-20:]}-{sampled}-{header}".replace(";", "-")
    await without_topics.http.post(PATH, headers={header: value, "X-Request-Id": request_id})

    entry = await without_topics.log_entry(request_id)

    assert {
        "logging.googleapis.com/trace": f"projects/{stack.project}/traces/{TRACE}",
        **({"logging.googleapis.com/spanId": span} if span else {}),
        "logging.googleapis.com/trace_sampled": sampled,
    } == {name: content for name, content in entry.items() if name.startswith("logging.")}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("traceparent", f"00-{'0' * 32}-00f067aa0ba902b7-01"),
        ("traceparent", f"00-{TRACE}-{'0' * 16}-01"),
        ("traceparent", f"ff-{TRACE}-00f067aa0ba902b7-01"),
        ("X-Cloud-Trace-Context", f"{'0' * 32}/255;o=1"),
    ],
)
async def test_an_invalid_trace_is_ignored(without_topics: LoneFunction, header: str, value: str) -> None:
    """https://www.w3.org/TR/trace-context/#traceparent-header-field-values."""
    request_id = f"no-trace-{value}".replace(";", "-")
    problem(await without_topics.http.get("/none", headers={header: value, "X-Request-Id": request_id}), 404)

    entry = await without_topics.log_entry(request_id)

    assert not [name for name in entry if name.startswith("logging.")]


async def test_a_span_of_any_length_makes_no_trace_and_no_fault(without_topics: LoneFunction) -> None:
    headers = {"X-Cloud-Trace-Context": f"{TRACE}/{'9' * 5000}", "X-Request-Id": "long-span"}
    problem(await without_topics.http.get("/none", headers=headers), 404)

    entry = await without_topics.log_entry("long-span")

    assert not [name for name in entry if name.startswith("logging.")]


async def test_a_path_cannot_forge_a_line_of_the_log(without_topics: LoneFunction) -> None:
    path = "/a%0Ab%1B%5B31m%E2%80%A8c~d"
    problem(await without_topics.http.get(path, headers={"X-Request-Id": "forged-1"}), 404)

    assert (await without_topics.log_entry("forged-1"))["message"] == f"GET {path} 404"


async def test_of_a_long_path_the_log_has_the_beginning(without_topics: LoneFunction) -> None:
    problem(await without_topics.http.get(f"/{'a' * 5000}", headers={"X-Request-Id": "long-path"}), 404)

    assert (await without_topics.log_entry("long-path"))["message"] == f"GET /{'a' * 999} 404"


async def test_a_rejection_is_logged_without_the_key(
    without_topics: LoneFunction, new_organization: NewOrganization
) -> None:
    key = new_organization(("pools:read",)).api_key
    headers = {"Authorization": f"Bearer {key}", "X-Request-Id": "refused-1"}

    problem(await without_topics.http.post(PATH, json=a_body(), headers=headers), 403)

    entry = await without_topics.log_entry("refused-1")
    assert (entry["status"], entry["severity"]) == (403, "INFO")
    assert key not in str(entry)


@pytest.mark.parametrize("path", ["/v1/machines", "/robots.txt"], ids=["ours", "the framework's"])
async def test_a_body_after_upgrade_is_not_read_as_a_request(without_topics: LoneFunction, path: str) -> None:
    """A proxy that shares the connection would give the response to another client (request smuggling)."""
    body = b"GET /health/liveness HTTP/1.1\r\nHost: a\r\n\r\n"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: a\r\nContent-Length: {len(body)}"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", without_topics.port)
    try:
        writer.write(f"{head}\r\n\r\n".encode())
        received = await reader.readuntil(b"\r\n\r\n")
        writer.write(body)
        with contextlib.suppress(ConnectionResetError):  # closed before the body arrived
            received += await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()

    assert received.count(b"HTTP/1.1 ") == 1
    assert b"connection: close\r\n" in received.lower()
