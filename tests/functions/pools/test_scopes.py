"""The scopes for machines in pools, and for pools of machines."""

import pytest

from tests.functions.pools.api import PoolsApi, a_uuid
from tests.functions.pools.expectations import problem
from tests.stack import NewOrganization

RELATED = [
    ("pools:read", "/v1/pools", "include=machines", "machines:read"),
    ("pools:read", f"/v1/pools/{a_uuid()}", "include=machines", "machines:read"),
    ("pools:read", f"/v1/pools/{a_uuid()}", "include_machines=true", "machines:read"),
    ("machines:read", "/v1/machines", "include=pools", "pools:read"),
    ("machines:read", f"/v1/machines/{a_uuid()}", "include=pools", "pools:read"),
]


@pytest.mark.parametrize(("scope", "path", "query", "lacking"), RELATED, ids=range(len(RELATED)))
async def test_included_resources_need_their_own_scope(  # noqa: PLR0913 - a table of four columns
    *, pools: PoolsApi, new_organization: NewOrganization, scope: str, path: str, query: str, lacking: str
) -> None:
    key, better = new_organization((scope,)).headers, new_organization((scope, lacking)).headers

    plain = await pools.call("GET", path, headers=key)
    rejected = await pools.call("GET", f"{path}?{query}", headers=key)
    allowed = await pools.call("GET", f"{path}?{query}", headers=better)

    assert plain.status_code == allowed.status_code in (200, 404)
    assert rejected.json()["detail"] == f"The API key lacks the scope {lacking}"
    assert problem(rejected, 403, "scope-missing") == {}


async def test_who_may_write_pools_is_shown_the_machines_of_an_assignment(
    pools: PoolsApi, new_organization: NewOrganization
) -> None:
    """The published API includes the pool's machines in the response, whatever the key's other scopes."""
    writer = PoolsApi(
        http=pools.http, organization=new_organization(("machines:write", "pools:write")), store=pools.store
    )
    machine = await writer.register()

    added = await writer.add((await writer.create())["id"], [machine])

    assert [machine] == [shown["id"] for shown in added["machines"]]
