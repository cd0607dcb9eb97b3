"""Concurrent clients change one machine or identity: the stored data matches their responses.

RACE_ROUNDS sets how often each race is run: once by default, thousands of times for a longer search.
"""

import asyncio
import os
from collections import Counter

import httpx
import pytest

from tests.functions.machines.agents import registered, shown
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import Body, a_body, a_mac
from tests.functions.machines.expectations import PATH, created, problem
from tests.inventory_checker import InventoryChecker, settled

ROUNDS = int(os.environ.get("RACE_ROUNDS", "1"))
CLIENTS = 32

pytestmark = pytest.mark.timeout(120 + ROUNDS * 10)


async def put(machines: MachinesApi, machine_id: str, body: Body) -> httpx.Response:
    return await machines.call("PUT", f"{PATH}/{machine_id}", body)


async def delete(machines: MachinesApi, machine_id: str) -> httpx.Response:
    return await machines.call("DELETE", f"{PATH}/{machine_id}")


def statuses(responses: list[httpx.Response]) -> Counter[int]:
    return Counter(response.status_code for response in responses)


async def test_concurrent_replacements_never_mix(machines: MachinesApi, checker: InventoryChecker) -> None:
    for _ in range(ROUNDS):
        machine_id = created(await machines.register(a_body()))
        bodies = [a_body(name=f"{number}", cpus=[]) for number in range(CLIENTS)]

        responses = await asyncio.gather(*(put(machines, machine_id, body) for body in bodies))

        assert statuses(responses) == {200: CLIENTS}
        versions = [int(response.headers["etag"].strip('"')) for response in responses]
        assert sorted(versions) == list(range(2, CLIENTS + 2))
        last = versions.index(max(versions))
        stored = shown(await machines.call("GET", f"{PATH}/{machine_id}"))
        assert bodies[last] == {name: stored[name] for name in bodies[last]}
    assert settled(checker.faults) == []


async def test_machines_that_want_one_mac_do_not_share_it(
    machines: MachinesApi, checker: InventoryChecker
) -> None:
    for _ in range(ROUNDS):
        machine_ids = [created(await machines.register(a_body())) for _ in range(CLIENTS)]
        wanted = a_mac()

        responses = await asyncio.gather(
            *(
                put(machines, machine_id, a_body(nics=[{"mac": a_mac()}, {"mac": wanted}]))
                for machine_id in machine_ids
            )
        )

        assert statuses(responses) == {200: 1, 409: CLIENTS - 1}
        [owner] = [shown(response)["id"] for response in responses if response.is_success]
        assert {owner} == {
            problem(response, 409)["existing_machine_id"] for response in responses if not response.is_success
        }
    assert settled(checker.faults) == []


async def test_a_mac_that_goes_round_is_never_lost(machines: MachinesApi, checker: InventoryChecker) -> None:
    """Each client replaces its own MAC address with its neighbor's: some succeed, none partially."""
    for _ in range(ROUNDS):
        macs = [a_mac() for _ in range(CLIENTS)]
        machine_ids = [created(await machines.register(a_body(nics=[{"mac": mac}]))) for mac in macs]

        responses = await asyncio.gather(
            *(
                put(machines, machine_id, a_body(nics=[{"mac": neighbours}]))
                for machine_id, neighbours in zip(machine_ids, [*macs[1:], macs[0]], strict=True)
            )
        )

        assert statuses(responses).keys() <= {200, 409}
    assert settled(checker.faults) == []


async def test_replacements_come_before_the_deletion_or_not_at_all(
    machines: MachinesApi, checker: InventoryChecker
) -> None:
    for _ in range(ROUNDS):
        agent = await registered(machines)
        machine_id = agent["id"]
        calls = [
            delete(machines, machine_id) if number % 4 == 0 else put(machines, machine_id, a_body())
            for number in range(CLIENTS)
        ]

        counted = statuses(await asyncio.gather(*calls))

        assert counted[204] == 1
        assert counted.keys() <= {200, 204, 404}
        assert not machines.machines().document(machine_id).get().exists
        await registered(machines, fingerprint=agent["fingerprint"])
    assert settled(checker.faults) == []


async def test_a_mac_is_registered_again_only_once_its_owner_is_gone(
    machines: MachinesApi, checker: InventoryChecker
) -> None:
    for _ in range(ROUNDS):
        mac = a_mac()
        owner = created(await machines.register(a_body(nics=[{"mac": mac}])))
        registrations = [machines.register(a_body(nics=[{"mac": mac}])) for _ in range(CLIENTS - 1)]

        deleted, *responses = await asyncio.gather(delete(machines, owner), *registrations)

        assert deleted.status_code == 204
        winners = [created(response) for response in responses if response.is_success]
        assert len(winners) <= 1
        for response in responses:
            if not response.is_success:
                assert problem(response, 409)["existing_machine_id"] in {owner, *winners}
        for machine_id in winners:
            assert (await delete(machines, machine_id)).status_code == 204
        created(await machines.register(a_body(nics=[{"mac": mac}])))
    assert settled(checker.faults) == []
