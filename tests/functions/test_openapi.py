"""The OpenAPI document and its page are public."""

import httpx
import pytest

from tests.functions.machines.expectations import common_headers


async def test_the_document_needs_no_key_and_describes_the_calls(http: httpx.AsyncClient) -> None:
    response = await http.get("/openapi.json")

    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json()["paths"]["/api/v1/machines"]["post"]["operationId"] == "register_machine"


async def test_the_page_needs_no_key_and_nothing_from_elsewhere(http: httpx.AsyncClient) -> None:
    response = await http.get("/docs")

    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Register a machine" in response.text
    assert "http://" not in response.text
    assert "https://" not in response.text


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
async def test_who_has_a_document_is_not_sent_it_again(http: httpx.AsyncClient, path: str) -> None:
    first = await http.get(path, headers={"Range": "bytes=abc"})
    assert first.status_code == 200

    again = await http.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    common_headers(again)
