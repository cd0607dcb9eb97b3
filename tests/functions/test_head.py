"""A response to HEAD is the response to GET without the body."""

import httpx
import pytest

from tests.functions.machines.bodies import a_body
from tests.stack import NewOrganization

# These headers differ for each response.
OF_ITS_OWN = {"date", "x-request-id"}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/machines/{machine}",
        "/v1/machines",
        "/v1/machines/none",
        "/v1/pools/{pool}",
        "/v1/pools",
        "/openapi.json",
        "/health/startup",
    ],
)
async def test_head_gets_the_same_response_as_get(
    http: httpx.AsyncClient, new_organization: NewOrganization, path: str
) -> None:
    headers = new_organization().headers
    machine = (await http.post("/api/v1/machines", json=a_body(), headers=headers)).json()["id"]
    pool = (await http.post("/v1/pools", json={"name": "a pool"}, headers=headers)).json()["id"]
    url = path.format(machine=machine, pool=pool)

    get, head = [await http.request(method, url, headers=headers) for method in ("GET", "HEAD")]

    assert head.status_code == get.status_code
    assert head.content == b""
    actual, expected = (
        {name: value for name, value in response.headers.items() if name not in OF_ITS_OWN}
        for response in (head, get)
    )
    assert actual == expected
    assert "content-length" in actual
