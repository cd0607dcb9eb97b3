"""Checks of whole responses."""

import re
from typing import Any

import httpx

PATH = "/api/v1/machines"
ERRORS = "https://api.example.com/errors"
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def created(answer: httpx.Response) -> str:
    """Check that a machine was registered, and return its id."""
    assert answer.status_code == 201, answer.text
    machine_id: str = answer.json()["id"]
    assert UUID7.fullmatch(machine_id)
    assert {"id": machine_id} == answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert f"{PATH}/{machine_id}" == answer.headers["location"]
    assert answer.headers["etag"] == '"1"'
    common_headers(answer)
    return machine_id


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Check that a response is a problem (RFC 9457) with a status, and return it."""
    assert status == answer.status_code, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= body.keys()
    assert status == body["status"]
    assert body["type"].startswith(f"{ERRORS}/")
    assert answer.request.url.raw_path.decode().partition("?")[0] == body["instance"]
    assert body["title"]
    assert body["detail"]
    common_headers(answer)
    return body


def invalid(
    answer: httpx.Response, *fields: str, detail: str = "The request body failed validation"
) -> dict[str, str]:
    """Check that a response is the contract's validation error for exactly these fields.

    Returns:
        The reasons, by field.
    """
    body = problem(answer, 400)
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


def conflict(answer: httpx.Response, mac: str, *, existing: str | None) -> None:
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
    assert expected == problem(answer, 409)


def common_headers(answer: httpx.Response) -> None:
    """Check the headers that every response has."""
    assert answer.headers["x-api-version"] == "v1"
    assert answer.headers["x-request-id"]
