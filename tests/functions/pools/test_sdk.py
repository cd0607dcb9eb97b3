"""The published SDK works with this server unchanged, sync and async, for pools and machines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from cyberdesk.client import CyberdeskClient, RetryConfig
from openapi_client.cyberdesk_cloud_client.errors import UnexpectedStatus
from openapi_client.cyberdesk_cloud_client.models import (
    HTTPValidationError,
    MachineCreate,
    MachinePoolAssignment,
    MachinePoolUpdate,
    MachineResponse,
    MachineStatus,
    MachineUpdate,
    PoolCreate,
    PoolCreatePoolParametersType0,
    PoolResponse,
    PoolUpdate,
    PoolWithMachines,
)

from tests.functions.pools.api import a_uuid
from tests.stack import NewOrganization, RunningStack


@dataclass(frozen=True)
class Sdk:
    """The SDK's client, called sync or async."""

    client: CyberdeskClient
    is_sync: bool

    async def pools(self, method: str, *arguments: object, **options: object) -> Any:  # noqa: ANN401 - the SDK's
        """Call a method of pools."""
        return await self._call(self.client.pools, method, arguments, options)

    async def machines(self, method: str, *arguments: object, **options: object) -> Any:  # noqa: ANN401 - the SDK's
        """Call a method of machines."""
        return await self._call(self.client.machines, method, arguments, options)

    async def machine(self) -> str:
        """Register a machine and return its id."""
        created = (
            await self.machines("create", MachineCreate(fingerprint=a_uuid(), unkey_key_id="key"))
        ).data
        assert isinstance(created, MachineResponse)
        return str(created.id)

    async def _call(self, api: object, method: str, arguments: Any, options: Any) -> Any:  # noqa: ANN401 - the same
        if self.is_sync:
            return await asyncio.to_thread(getattr(api, f"{method}_sync"), *arguments, **options)
        return await getattr(api, method)(*arguments, **options)


@asynccontextmanager
async def connected(api_key: str, address: str, *, is_sync: bool, **options: Any) -> AsyncIterator[Sdk]:  # noqa: ANN401 - the SDK's
    """Connect the SDK to a server."""
    with closing(CyberdeskClient(api_key, base_url=address, **options)) as client:
        yield Sdk(client, is_sync)
        await client._client.get_async_httpx_client().aclose()  # the SDK's own `close` leaves it open


@pytest.fixture(params=[True, False], ids=["sync", "async"])
def is_sync(request: pytest.FixtureRequest) -> bool:
    """Whether to use the SDK's sync functions."""
    return bool(request.param)


@pytest.fixture
async def sdk(stack: RunningStack, new_organization: NewOrganization, *, is_sync: bool) -> AsyncIterator[Sdk]:
    """The SDK for a new organization."""
    async with connected(new_organization().api_key, stack.gateway, is_sync=is_sync) as sdk:
        yield sdk


async def test_a_pool_lives_from_its_creation_to_its_end(sdk: Sdk) -> None:
    parameters = PoolCreatePoolParametersType0.from_dict({"site": "north"})
    created = (await sdk.pools("create", PoolCreate(name="a", pool_parameters=parameters))).data
    assert isinstance(created, PoolResponse)
    assert (created.name, created.description, created.machine_count) == ("a", None, 0)
    pool_id, first, second = str(created.id), await sdk.machine(), await sdk.machine()

    assignment = MachinePoolAssignment(machine_ids=[UUID(first), UUID(second)])
    added = (await sdk.pools("add_machines", pool_id, assignment)).data
    assert isinstance(added, PoolWithMachines)
    assert added.machine_count == 2
    assert isinstance(added.machines, list)
    assert [first, second] == [str(machine.id) for machine in added.machines]
    assert {"disconnected"} == {machine.status for machine in added.machines}

    updated = (await sdk.pools("update", pool_id, PoolUpdate(name="b", description="d"))).data
    assert (updated.name, updated.description, updated.machine_count) == ("b", "d", 2)
    assert updated.pool_parameters.to_dict() == {"site": "north"}

    got = (await sdk.pools("get", pool_id, include=["machines"])).data
    assert [second, first] == [str(resource.id) for resource in got.included]
    assert {"machine"} == {resource.type_ for resource in got.included}
    listed = (await sdk.pools("list", skip=0, limit=10, include=["machines"])).data
    assert (listed.total, [str(item.id) for item in listed.items]) == (1, [pool_id])
    assert sorted([first, second]) == sorted(str(resource.id) for resource in listed.included)

    gone = MachinePoolAssignment(machine_ids=[UUID(second)])
    assert (await sdk.pools("remove_machines", pool_id, gone)).error is None
    assert (await sdk.pools("get", pool_id, include_machines=True)).data.machine_count == 1

    assert (await sdk.pools("delete", pool_id)).error is None
    assert _status(await sdk.pools("get", pool_id)) == 404
    assert (await sdk.pools("list")).data.total == 0


async def test_a_machine_lives_from_its_registration_to_its_end(sdk: Sdk) -> None:
    machine, other = await sdk.machine(), await sdk.machine()
    assert (await sdk.machines("list", limit=1)).data.total == 2
    pool = (await sdk.pools("create", PoolCreate(name="a"))).data
    assert isinstance(pool, PoolResponse)
    await sdk.machines("update_pools", machine, MachinePoolUpdate(pool_ids=[pool.id]))

    session = UUID(a_uuid())
    update = MachineUpdate(
        name="b", status=MachineStatus.CONNECTED, last_seen=datetime.now(UTC), reserved_session_id=session
    )
    updated = (await sdk.machines("update", machine, update)).data
    assert (updated.name, updated.status, updated.reserved_session_id) == ("b", "connected", session)
    assert (await sdk.machines("clear_session", machine)).data.reserved_session_id is None

    got = (await sdk.machines("get", machine, include=["pools"])).data
    assert [("pool", pool.id)] == [(resource.type_, resource.id) for resource in got.included]
    for filters in (
        {"search": machine.upper()},
        {"name": "b"},
        {"status": MachineStatus.CONNECTED},
        {"created_at_from": got.created_at, "created_at_to": got.created_at},
    ):
        listed = (await sdk.machines("list", **filters, include=["pools"])).data
        assert machine in {str(item.id) for item in listed.items}
        assert [pool.id] == [resource.id for resource in listed.included]

    assert (await sdk.machines("delete", machine)).error is None
    assert _status(await sdk.machines("get", machine)) == 404
    assert [other] == [str(item.id) for item in (await sdk.machines("list")).data.items]


async def test_a_machine_has_its_pools(sdk: Sdk) -> None:
    first, second = [(await sdk.pools("create", PoolCreate(name=name))).data.id for name in "ab"]
    machine = await sdk.machine()

    changed = await sdk.machines("update_pools", machine, MachinePoolUpdate(pool_ids=[second, first]))
    shown = (await sdk.machines("get_pools", machine)).data
    cleared = await sdk.machines("update_pools", machine, MachinePoolUpdate(pool_ids=[]))

    assert machine == str(changed.data.id) == str(cleared.data.id)
    assert [(second, "b", 1), (first, "a", 1)] == [(pool.id, pool.name, pool.machine_count) for pool in shown]
    assert (await sdk.machines("get_pools", machine)).data == []


async def test_faults_are_reported_as_validation_errors(sdk: Sdk) -> None:
    pool_id = str((await sdk.pools("create", PoolCreate(name="a"))).data.id)
    nobody = MachinePoolAssignment(machine_ids=[])

    for rejected, location in (
        (await sdk.pools("create", PoolCreate(name="")), ["body", "name"]),
        (await sdk.pools("update", pool_id, PoolUpdate(name="x" * 256)), ["body", "name"]),
        (await sdk.pools("add_machines", pool_id, nobody), ["body", "machine_ids"]),
        (await sdk.pools("get", pool_id, include=["pools"]), ["query", "include"]),
        (await sdk.pools("list", limit=0), ["query", "limit"]),
    ):
        assert [location] == _locations(rejected.data)


async def test_what_is_not_there_is_a_404(sdk: Sdk) -> None:
    pool_id, nobody = str((await sdk.pools("create", PoolCreate(name="a"))).data.id), a_uuid()
    assignment = MachinePoolAssignment(machine_ids=[UUID(nobody)])

    assert _status(await sdk.pools("get", nobody)) == 404
    assert _status(await sdk.pools("update", nobody, PoolUpdate(name="b"))) == 404
    assert _status(await sdk.pools("delete", nobody)) == 404
    assert _status(await sdk.pools("add_machines", pool_id, assignment)) == 404
    assert _status(await sdk.machines("get_pools", nobody)) == 404
    assert (await sdk.pools("remove_machines", pool_id, assignment)).error is None


async def test_a_wrong_key_is_a_401(stack: RunningStack, *, is_sync: bool) -> None:
    async with connected("wrong", stack.gateway, is_sync=is_sync) as sdk:
        assert _status(await sdk.pools("list")) == 401
        assert _status(await sdk.pools("create", PoolCreate(name="a"))) == 401


async def test_a_retry_with_the_sdks_own_key_takes_effect_once(
    stack: RunningStack, new_organization: NewOrganization, *, is_sync: bool
) -> None:
    retries: list[dict[str, Any]] = []
    retry = RetryConfig(min_delay_seconds=0.001, on_retry=retries.append)
    api_key = new_organization().api_key
    async with (
        connected(api_key, stack.gateway, is_sync=is_sync) as steady,
        losing_first_responses(stack.gateway, 2) as address,
        connected(api_key, address, is_sync=is_sync, retry=retry) as sdk,
    ):
        created = (await sdk.pools("create", PoolCreate(name="a"))).data

        listed = (await steady.pools("list")).data
    assert [attempt["reason"] for attempt in retries] == ["network_error", "network_error"]
    assert [created] == listed.items


async def test_one_key_for_different_requests_is_a_validation_error(
    stack: RunningStack, new_organization: NewOrganization, *, is_sync: bool
) -> None:
    async with connected(
        new_organization().api_key, stack.gateway, is_sync=is_sync, idempotency_key_generator=lambda: "one"
    ) as sdk:
        first, again, other = [
            (await sdk.pools("create", PoolCreate(name=name))).data for name in ("a", "a", "b")
        ]

    assert first == again
    assert _locations(other) == [["header", "Idempotency-Key"]]


def _status(response: Any) -> int:  # noqa: ANN401 - the SDK's
    assert isinstance(response.error, UnexpectedStatus), response
    return response.error.status_code


def _locations(response: object) -> list[list[int | str]]:
    assert isinstance(response, HTTPValidationError), response
    assert isinstance(response.detail, list)
    return [fault.loc for fault in response.detail]


@asynccontextmanager
async def losing_first_responses(gateway: str, count: int) -> AsyncIterator[str]:
    """Run a proxy that loses the responses to the first requests."""
    target = urlsplit(gateway)
    left = count

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        upstream_reader, upstream_writer = await asyncio.open_connection(target.hostname, target.port)
        upstream_writer.write(await reader.readuntil(b"}"))  # the end of a flat JSON object
        response = await upstream_reader.readuntil(b"}")
        if left:
            left -= 1
        else:
            writer.write(response)
            await writer.drain()
        writer.close()
        upstream_writer.close()

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server:
        yield f"http://{host}:{port}"
