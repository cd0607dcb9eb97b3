"""The permissions and requests for writes of machines."""

import pytest

from tests.functions.machines.agents import AGENTS, a_registration, faults, registered
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body
from tests.functions.machines.expectations import ERRORS, PATH, problem
from tests.stack import NewOrganization

WRITES = [
    ("POST", AGENTS, a_registration()),
    ("PATCH", f"{AGENTS}/{{id}}", {"name": "other"}),
    ("DELETE", f"{AGENTS}/{{id}}", None),
    ("PUT", f"{PATH}/{{id}}", a_body()),
    ("DELETE", f"{PATH}/{{id}}", None),
]
EVERY_WRITE = pytest.mark.parametrize(
    ("method", "path", "body"), WRITES, ids=[f"{m} {p}" for m, p, _ in WRITES]
)


@EVERY_WRITE
async def test_a_key_that_may_not_write_machines_is_rejected(
    *,
    machines: MachinesApi,
    new_organization: NewOrganization,
    method: str,
    path: str,
    body: object,
) -> None:
    reader = new_organization(("machines:read", "pools:read", "pools:write"))

    response = await machines.call(method, path.format(id="none"), body, reader.headers)

    assert problem(response, 403)["type"] == f"{ERRORS}/scope-missing"


@EVERY_WRITE
async def test_without_a_key_there_is_no_response(
    machines: MachinesApi, method: str, path: str, body: object
) -> None:
    response = await machines.call(method, path.format(id="none"), body, {"Authorization": "Bearer none"})

    problem(response, 401)
    assert response.headers["www-authenticate"] == "Bearer"


@EVERY_WRITE
async def test_an_unknown_query_parameter_is_a_fault(
    machines: MachinesApi, method: str, path: str, body: object
) -> None:
    machine = await registered(machines)

    response = await machines.call(method, f"{path.format(id=machine['id'])}?force=1", body)

    if path.startswith(AGENTS):
        assert faults(response) == [(["query", "force"], "Extra inputs are not permitted", "extra_forbidden")]
    else:
        [fault] = problem(response, 400)["invalid_fields"]
        assert fault["field"] == "force"
    assert machines.stored(machine["id"])["version"] == 1


@EVERY_WRITE
@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
async def test_a_malformed_idempotency_key_is_a_fault(
    *, machines: MachinesApi, method: str, path: str, body: object, key: str
) -> None:
    machine = await registered(machines)
    headers = {"Idempotency-Key": key}

    response = await machines.call(method, path.format(id=machine["id"]), body, headers)

    if path.startswith(AGENTS):
        [(location, _, kind)] = faults(response)
        assert (location, kind) == (["header", "Idempotency-Key"], "idempotency_key")
    else:
        [fault] = problem(response, 400)["invalid_fields"]
        assert fault["field"] == "Idempotency-Key"
    assert machines.stored(machine["id"])["version"] == 1
