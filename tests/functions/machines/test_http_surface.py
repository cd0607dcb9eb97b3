"""The function's handling of all requests: paths, methods, request ids, health checks."""

import re

import httpx
import pytest
from uuid6 import uuid7

from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body
from tests.functions.machines.expectations import PATH, common_headers, created, problem


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_a_method_that_the_path_does_not_have_is_rejected(machines: MachinesApi, method: str) -> None:
    response = await machines.http.request(method, PATH, headers=machines.organization.headers)

    problem(response, 405)
    assert "POST" in response.headers["allow"].split(", ")
    assert method not in response.headers["allow"].split(", ")


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "PURGE"])
async def test_a_method_that_no_path_has_is_rejected_like_others(machines: MachinesApi, method: str) -> None:
    response = await machines.http.request(method, PATH)
    health = await machines.http.request(method, "/health/liveness")
    unknown = await machines.http.request(method, "/api")

    problem(response, 405)
    assert response.headers["allow"] == "GET, HEAD, POST"
    problem(health, 405)
    problem(unknown, 404)


@pytest.mark.parametrize("path", ["/robots.txt", "/favicon.ico"])
async def test_a_path_that_the_framework_knows_is_unknown(machines: MachinesApi, path: str) -> None:
    problem(await machines.http.get(path), 404)


@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
async def test_a_page_of_another_site_may_not_call_it(machines: MachinesApi, method: str) -> None:
    headers = {"Origin": "https://example.com", "Access-Control-Request-Method": "GET"}

    response = await machines.http.request(method, PATH, headers=machines.organization.headers | headers)

    assert [name for name in response.headers if name.startswith("access-control-")] == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v1",
        "/api/v2/machines",
        f"{PATH}/",
        f"{PATH}//",
        "/api//v1/machines",
        "/API/v1/machines",
        f"{PATH}x",
        "/health",
        "/health/x",
        "/%0A",
        f"{PATH}%0A",
        "/api/v1%0D%0A/machines",
        f"{PATH}%0A/x",
        "/health/liveness%0A",
        "/api/v1%2Fmachines",
        "/v1/pools%2f0193a5d2-7b1c-7000-8000-000000000000",
    ],
)
async def test_an_unknown_path_is_not_found(machines: MachinesApi, path: str) -> None:
    response = await machines.http.post(path, json=a_body(), headers=machines.organization.headers)

    problem(response, 404)


@pytest.mark.parametrize("check", ["liveness", "startup"])
async def test_health_checks_need_no_key_and_are_not_cached(http: httpx.AsyncClient, check: str) -> None:
    response = await http.get(f"/health/{check}")

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    common_headers(response)


@pytest.mark.parametrize(
    "request_id", ["a", "request-4711", "0193a5d2-7b1c-7000-8000-000000000000", "A.b_c~d", "x" * 128]
)
async def test_a_sane_request_id_comes_back(machines: MachinesApi, request_id: str) -> None:
    sent = {"X-Request-Id": request_id}
    for response in (
        await machines.register(a_body(), sent),
        await machines.register({}, sent),
        await machines.http.get("/nowhere", headers=sent),
        await machines.http.get("/health/liveness", headers=sent),
    ):
        assert request_id == response.headers["x-request-id"]


@pytest.mark.parametrize("request_id", [b"", b"a b", b'"', b"{}", "\u00e9".encode(), b"a\tb", b"x" * 129])
async def test_another_request_id_is_replaced(http: httpx.AsyncClient, request_id: bytes) -> None:
    response = await http.get("/health/liveness", headers={b"X-Request-Id": request_id})

    made = response.headers["x-request-id"]
    assert re.fullmatch(r"[A-Za-z0-9-]{8,128}", made)
    assert made.encode() != request_id


async def test_of_two_request_ids_the_first_comes_back(http: httpx.AsyncClient) -> None:
    response = await http.get(
        "/health/liveness", headers=[("X-Request-Id", "first"), ("X-Request-Id", "second")]
    )

    assert response.headers["x-request-id"] == "first"


async def test_requests_without_an_id_get_one_each(http: httpx.AsyncClient) -> None:
    ids = {(await http.get("/health/liveness")).headers["x-request-id"] for _ in range(5)}

    assert len(ids) == 5


async def test_a_response_that_is_too_large_for_cloud_run_is_sent_in_chunks(machines: MachinesApi) -> None:
    machine = machines.stored(created(await machines.register(a_body())))
    small = await machines.call("GET", PATH)
    large = machine | {"os_info": "\x01" * 480_000}  # in JSON, each character takes six bytes
    batch = machines.store.batch()
    ids = [str(uuid7()) for _ in range(12)]
    for machine_id in ids:
        batch.set(machines.machines().document(machine_id), large | {"id": machine_id})
    batch.commit()

    response = await machines.call("GET", PATH)

    assert len(response.content) > 32 * 1024 * 1024
    assert response.headers["transfer-encoding"] == "chunked"
    assert ids[::-1] == [shown["id"] for shown in response.json()["machines"]][:12]
    assert small.headers["content-length"] == str(len(small.content))
