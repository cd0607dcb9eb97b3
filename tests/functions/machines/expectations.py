"""Checks of whole responses."""

import re
from typing import Any

import httpx

PATH = "/api/v1/machines"
ERRORS = "https://api.example.com/errors"
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def created(response: httpx.Response) -> str:
    """Check that a machine was registered, and return its id."""
    assert response.status_code == 201, response.text
    machine_id: str = response.json()["id"]
    assert UUID7.fullmatch(machine_id)
    assert {"id": machine_id} == response.json()
    assert response.headers["content-type"] == "application/json"
    assert f"{PATH}/{machine_id}" == response.headers["location"]
    assert response.headers["etag"] == '"1"'
    common_headers(response)
    return machine_id


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Check that a response is a problem (RFC 9457) with a status, and return it."""
    assert status == response.status_code, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "instance"} <= body.keys()
    assert status == body["status"]
    assert body["type"].startswith(f"{ERRORS}/")
    assert response.request.url.raw_path.decode().partition("?")[0] == body["instance"]
    assert body["title"]
    assert body["detail"]
    common_headers(response)
    return body


def invalid(
    response: httpx.Response, *fields: str, detail: str = "The request body failed validation"
) -> dict[str, str]:
    """Check that a response is the contract's validation error for exactly these fields.

    Returns:
        The reasons, by field.
    """
    body = problem(response, 400)
    faults = body.pop("invalid_fields")
    assert {
        "type": f"{ERRORS}/validation-error",
        "title": "Validation Error",
        "status": 400,
        "detail": detail,
        "instance": PATH,
    } == body
    assert all({"field", "reason"} == fault.keys() and fault["reason"] for fault in faults)
    assert sorted(fields) == sorted(fault["field"] for fault in faults)
    return {fault["field"]: fault["reason"] for fault in faults}


def conflict(response: httpx.Response, mac: str, *, existing: str | None) -> None:
    """Check that a response is the contract's 409 for a MAC address."""
    expected = {
        "type": f"{ERRORS}/duplicate-mac-address",
        "title": "Duplicate MAC Address",
        "status": 409,
        "detail": f"A machine with MAC address {mac} already exists",
        "instance": PATH,
        "mac_address": mac,
    }
    if existing is not None:
        expected["existing_machine_id"] = existing
    assert expected == problem(response, 409)


def common_headers(response: httpx.Response) -> None:
    """Check the headers that every response has."""
    assert response.headers["x-api-version"] == "v1"
    assert response.headers["x-request-id"]
