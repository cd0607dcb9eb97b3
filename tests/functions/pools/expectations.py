"""Checks of whole responses."""

from datetime import datetime
from typing import Any

import httpx

from tests.functions.machines.expectations import UUID7, common_headers

ERRORS = "https://api.example.com/errors"

POOL_FIELDS = {
    "id",
    "organization_id",
    "name",
    "description",
    "pool_parameters",
    "pool_sensitive_parameters",
    "created_at",
    "updated_at",
    "machine_count",
}

POOL_TOO_LARGE = "must be smaller: with it the pool takes more than 81920 bytes"

# The fields of a machine in the published API, and those that only this server has.
MACHINE_FIELDS = {
    "id",
    "user_id",
    "organization_id",
    "name",
    "version",
    "hostname",
    "os_info",
    "machine_parameters",
    "machine_sensitive_parameters",
    "unkey_key_id",
    "status",
    "is_available",
    "alerts_enabled",
    "reserved_session_id",
    "linked_keepalive_machine_id",
    "physical_server_id",
    "created_at",
    "last_seen",
    "nics",
}


def pool(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    """Check that a response is a pool, and return it."""
    assert status == response.status_code, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["etag"]
    common_headers(response)
    shown: dict[str, Any] = response.json()
    a_pool(shown)
    return shown


def a_pool(shown: dict[str, Any]) -> None:
    """Check the fields of a pool."""
    assert shown.keys() >= POOL_FIELDS
    assert UUID7.fullmatch(shown["id"])
    assert 1 <= len(shown["name"]) <= 255
    assert datetime.fromisoformat(shown["created_at"]) <= datetime.fromisoformat(shown["updated_at"])
    assert shown["machine_count"] >= 0


def problem(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """Check that a response is a problem (RFC 9457) of a type, and return its additional fields."""
    assert status == response.status_code, response.text
    assert response.headers["content-type"] == "application/problem+json"
    common_headers(response)
    body: dict[str, Any] = response.json()
    assert body.pop("type") == f"{ERRORS}/{slug}"
    assert body.pop("status") == status
    assert body.pop("title")
    assert body.pop("detail")
    assert response.request.url.raw_path.decode().partition("?")[0] == body.pop("instance")
    return body


def no_such_pool(response: httpx.Response, pool_id: str) -> None:
    """Check that a response is the 404 for a pool."""
    assert problem(response, 404, "pool-not-found") == {"pool_id": pool_id}


Location = tuple[str | int, ...]


def invalid(response: httpx.Response, *faults: tuple[Location, str, str]) -> None:
    """Check that a response is the validation error with exactly these faults: place, message, type."""
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/json"
    common_headers(response)
    expected = [{"loc": list(location), "msg": message, "type": kind} for location, message, kind in faults]
    assert response.json() == {"detail": expected}
