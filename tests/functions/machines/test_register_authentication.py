"""Authentication of registrations: valid and invalid keys."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from infra import keys
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body
from tests.functions.machines.expectations import ERRORS, PATH, created, problem
from tests.stack import NewOrganization

MINUTE = timedelta(minutes=1)


def unauthenticated(response: httpx.Response) -> None:
    problem(response, 401)
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.usefixtures("store_unchanged")
async def test_no_key_is_rejected(http: httpx.AsyncClient) -> None:
    unauthenticated(await http.post(PATH, json=a_body()))


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "{key}",
        "Basic {key}",
        "Token {key}",
        "Bearer{key}",
        "Bearer {key}x",
        "Bearer x{key}",
        "Bearer {key},Bearer {key}",
        "Bearer {key} {key}",
        "Bearer muster_unknown",
        "Bearer \u00e9",
        "Bearer " + "x" * 5_000,
    ],
    ids=lambda text: text[:24],
)
async def test_what_is_no_key_is_rejected(machines: MachinesApi, authorization: str) -> None:
    header = authorization.format(key=machines.organization.api_key)

    response = await machines.http.post(PATH, json=a_body(), headers={b"Authorization": header.encode()})

    unauthenticated(response)


@pytest.mark.usefixtures("store_unchanged")
async def test_two_keys_are_none(machines: MachinesApi) -> None:
    header = (b"Authorization", f"Bearer {machines.organization.api_key}".encode())

    unauthenticated(await machines.http.post(PATH, json=a_body(), headers=[header, header]))


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
async def test_the_scheme_is_taken_in_any_case(machines: MachinesApi, scheme: str) -> None:
    """RFC 9110, section 11.1."""
    key = machines.organization.api_key

    created(await machines.register(a_body(), {"Authorization": f"{scheme} {key}"}))


@pytest.mark.parametrize(("life", "counts"), [(-MINUTE, False), (timedelta(0), False), (MINUTE, True)])
async def test_a_key_counts_until_it_expires(machines: MachinesApi, life: timedelta, *, counts: bool) -> None:
    now = datetime.now(UTC)
    key, _ = keys.create(
        machines.store, machines.organization.id, ["machines:write"], now=now, expires=now + life
    )

    response = await machines.register(a_body(), {"Authorization": f"Bearer {key}"})

    if counts:
        created(response)
    else:
        unauthenticated(response)


async def test_a_revoked_key_is_rejected(machines: MachinesApi) -> None:
    now = datetime.now(UTC)
    key, record = keys.create(machines.store, machines.organization.id, ["machines:write"], now=now)
    keys.revoke(machines.store, record.id, now=now)

    unauthenticated(await machines.register(a_body(), {"Authorization": f"Bearer {key}"}))


async def test_a_key_without_the_scope_is_rejected(
    machines: MachinesApi, new_organization: NewOrganization
) -> None:
    reader = new_organization(("machines:read", "pools:read", "pools:write"))

    problem(await machines.register(a_body(), reader.headers), 403)


async def test_a_key_with_just_the_scope_is_enough(
    machines: MachinesApi, new_organization: NewOrganization
) -> None:
    created(await machines.register(a_body(), new_organization(("machines:write",)).headers))


async def test_all_rejected_keys_get_one_response(machines: MachinesApi) -> None:
    """The response does not reveal which keys exist."""
    now = datetime.now(UTC)
    revoked, record = keys.create(machines.store, machines.organization.id, ["machines:write"], now=now)
    keys.revoke(machines.store, record.id, now=now)

    responses = [
        (await machines.register(a_body(), {"Authorization": f"Bearer {key}"})).content
        for key in (revoked, "muster_unknown")
    ]

    assert responses[0] == responses[1]
    assert ERRORS.encode() in responses[0]


@pytest.mark.usefixtures("store_unchanged")
async def test_a_stranger_learns_nothing_of_the_bodys_faults(http: httpx.AsyncClient) -> None:
    unauthenticated(await http.post(PATH, content=b"{", headers={"Content-Type": "text/plain"}))


async def test_a_plain_key_is_stored_nowhere(machines: MachinesApi) -> None:
    created(await machines.register(a_body()))

    key = machines.organization.api_key
    for document in machines.store.collection("api_keys").stream():
        assert key not in document.id
        assert key not in str(document.to_dict())
