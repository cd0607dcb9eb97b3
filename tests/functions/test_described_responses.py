"""Every response has exactly the fields in its operation's description."""

import httpx
from pydantic import BaseModel

from functions.machines.views import (
    MachineItems,
    MachineItemsWithIncludes,
    MachinePage,
    MachineWithIncludes,
)
from functions.pools.views import (
    DetailedPoolView,
    PoolItems,
    PoolItemsWithIncludes,
    PoolList,
    PoolWithMachinesView,
)
from shared.edge.machine_view import MachineView, RegisteredMachineView
from shared.edge.pool_view import PoolView
from tests.functions.machines.bodies import a_body
from tests.stack import NewOrganization

MACHINE, POOL = "/v1/machines/{machine}", "/v1/pools/{pool}"
READS: dict[str, type[BaseModel]] = {
    "/api/v1/machines": MachinePage,
    "/api/v1/machines?per_page=1": MachinePage,
    "/api/v1/machines/{machine}": MachineView,
    "/v1/machines": MachineItems,
    "/v1/machines?include=pools": MachineItemsWithIncludes,
    MACHINE: MachineView,
    f"{MACHINE}?include=pools": MachineWithIncludes,
    f"{MACHINE}/pools": PoolList,
    "/v1/pools": PoolItems,
    "/v1/pools?include=machines": PoolItemsWithIncludes,
    POOL: PoolView,
    f"{POOL}?include_machines=true&include=machines": DetailedPoolView,
}
FINGERPRINT = {"fingerprint": "f", "unkey_key_id": "k"}


async def test_all_that_is_read_and_written_is_shown_as_described(
    http: httpx.AsyncClient, new_organization: NewOrganization
) -> None:
    """The model parses the response, and serializes the same."""
    headers = new_organization().headers

    async def described(model: type[BaseModel], method: str, path: str, body: object = None) -> str:
        response = await http.request(method, path, json=body, headers=headers)
        assert response.is_success, response.text
        assert response.text == model.model_validate_json(response.content).model_dump_json()
        return str(response.json().get("id")) if method == "POST" else ""

    await described(RegisteredMachineView, "POST", "/api/v1/machines", a_body())
    machine = await described(MachineView, "POST", "/v1/machines", FINGERPRINT)
    pool = await described(PoolView, "POST", "/v1/pools", {"name": "a", "pool_parameters": {"b": 0.5}})

    await described(PoolWithMachinesView, "POST", f"/v1/pools/{pool}/machines", {"machine_ids": [machine]})
    await described(PoolView, "PATCH", f"/v1/pools/{pool}", {"description": "b"})
    await described(MachineView, "PATCH", f"/v1/machines/{machine}", {"name": "c"})
    await described(MachineView, "PUT", f"/api/v1/machines/{machine}", a_body())
    await described(MachineView, "PUT", f"/v1/machines/{machine}/pools", {"pool_ids": [pool]})
    for path, model in READS.items():
        await described(model, "GET", path.format(machine=machine, pool=pool))
