"""The pools family's view of machines, for the agent on a machine and for the machine's owner."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.functions.machines.api import MachinesApi
from tests.functions.machines.expectations import common_headers, problem

AGENTS = "/v1/machines"
Json = dict[str, Any]


def a_registration(**changes: Any) -> Json:  # noqa: ANN401 - any JSON, even invalid
    """Make a valid body of `POST /v1/machines`, with the given changes."""
    return {"fingerprint": f"fp-{secrets.token_hex(8)}", "unkey_key_id": "key_example"} | changes


async def registered(machines: MachinesApi, **fields: Any) -> Json:  # noqa: ANN401 - JSON
    """Register a machine by fingerprint and return it."""
    response = await machines.call("POST", AGENTS, a_registration(**fields))
    assert response.status_code == 201, response.text
    machine: Json = response.json()
    return machine


async def patched(
    machines: MachinesApi, machine_id: str, changes: Json, headers: Mapping[str, str] | None = None
) -> Json:
    """Patch a machine and return it."""
    machine: Json = shown(await machines.call("PATCH", f"{AGENTS}/{machine_id}", changes, headers))
    return machine


async def a_pool(machines: MachinesApi, *machine_ids: str) -> str:
    """Create a pool with members, and return its id."""
    response = await machines.call("POST", "/v1/pools", {"name": "pool"})
    pool_id: str = response.json()["id"]
    if machine_ids:
        shown(await machines.call("POST", f"/v1/pools/{pool_id}/machines", {"machine_ids": machine_ids}))
    return pool_id


def shown(response: httpx.Response, status: int = 200) -> Json:
    """Check that a response is a machine, and return it."""
    assert status == response.status_code, response.text
    assert response.headers["content-type"] == "application/json"
    common_headers(response)
    machine: Json = response.json()
    return machine


def faults(response: httpx.Response) -> list[tuple[list[str | int], str, str]]:
    """Check that a response is the pools family's 422, and return its faults: place, message, type."""
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/json"
    common_headers(response)
    body = response.json()
    assert {"detail"} == body.keys()
    assert all({"loc", "msg", "type"} == fault.keys() for fault in body["detail"])
    return [(fault["loc"], fault["msg"], fault["type"]) for fault in body["detail"]]


def missing(response: httpx.Response, machine_id: str) -> None:
    """Check that a response is the contract's 404 for a machine."""
    body = problem(response, 404)
    assert body["type"].endswith("/machine-not-found")
    assert machine_id == body["machine_id"]


def parse_time(text: str) -> datetime:
    """Parse a time from a response, and check that it contains a time zone."""
    read = datetime.fromisoformat(text)
    assert read.tzinfo is not None
    return read.astimezone(UTC)
