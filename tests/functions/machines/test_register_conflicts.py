"""MAC addresses are unique across all organizations, even in concurrent registrations."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import httpx
from google.cloud.firestore import Client

from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.machines.expectations import conflict, created

RACERS = 64


async def test_a_second_machine_with_a_mac_is_rejected_and_the_error_names_the_first(
    machines: MachinesApi,
) -> None:
    body = a_body()
    first = created(await machines.register(body))

    conflict(await machines.register(body), body["nics"][0]["mac"], existing=first)

    assert [first] == [document.id for document in machines.machines().stream()]


async def test_another_organizations_machine_is_not_named(machines: MachinesApi, others: MachinesApi) -> None:
    body = a_body()
    created(await others.register(body))

    conflict(await machines.register(body), body["nics"][0]["mac"], existing=None)

    assert list(machines.machines().stream()) == []


async def test_one_mac_of_many_is_enough_for_a_conflict(machines: MachinesApi) -> None:
    taken = a_mac()
    first = created(await machines.register(a_body(nics=[{"mac": taken}])))

    response = await machines.register(a_body(nics=[{"mac": a_mac()}, {"mac": taken}, {"mac": a_mac()}]))

    conflict(response, taken, existing=first)


async def test_of_several_taken_macs_the_first_in_the_body_is_named(machines: MachinesApi) -> None:
    macs = [a_mac() for _ in range(3)]
    ids = {mac: created(await machines.register(a_body(nics=[{"mac": mac}]))) for mac in macs}

    response = await machines.register(a_body(nics=[{"mac": a_mac()}, *({"mac": mac} for mac in macs)]))

    conflict(response, macs[0], existing=ids[macs[0]])


async def test_the_macs_of_a_rejected_machine_stay_free(machines: MachinesApi, others: MachinesApi) -> None:
    taken, free = a_mac(), a_mac()
    created(await others.register(a_body(nics=[{"mac": taken}])))
    conflict(await machines.register(a_body(nics=[{"mac": free}, {"mac": taken}])), taken, existing=None)

    created(await machines.register(a_body(nics=[{"mac": free}])))


async def race(racers: Sequence[MachinesApi], mac: str) -> tuple[list[httpx.Response], list[str]]:
    """Register machines concurrently, each with the same MAC address and another one of its own.

    Returns:
        The responses, and in the same order the other MAC addresses.
    """
    own = [a_mac() for _ in racers]
    bodies = [a_body(nics=[{"mac": other}, {"mac": mac}]) for other in own]
    calls = (racer.register(body) for racer, body in zip(racers, bodies, strict=True))
    return await asyncio.gather(*calls), own


def everything_in(store: Client) -> str:
    """Return the content of the collections that contain data of all organizations."""
    collections = [store.collection(name).stream() for name in ("identities", "outbox")]
    return "\n".join(str(document.to_dict()) for documents in collections for document in documents)


async def test_of_64_registrations_at_once_exactly_one_succeeds(machines: MachinesApi) -> None:
    mac = a_mac()

    responses, own = await race([machines] * RACERS, mac)

    assert Counter({201: 1, 409: RACERS - 1}) == Counter(response.status_code for response in responses)
    [winner] = [created(response) for response in responses if response.is_success]
    left = everything_in(machines.store)
    for response, its_own in zip(responses, own, strict=True):
        if not response.is_success:
            conflict(response, mac, existing=winner)
        assert (its_own in left) == response.is_success
    assert [winner] == [document.id for document in machines.machines().stream()]


async def test_a_race_between_organizations_has_one_winner_whom_only_its_own_see(
    machines: MachinesApi, others: MachinesApi
) -> None:
    mac = a_mac()
    racers = [machines, others] * (RACERS // 2)

    responses, _ = await race(racers, mac)

    assert Counter({201: 1, 409: RACERS - 1}) == Counter(response.status_code for response in responses)
    [(home, winner)] = [
        (racer, created(response))
        for racer, response in zip(racers, responses, strict=True)
        if response.is_success
    ]
    for racer, response in zip(racers, responses, strict=True):
        if not response.is_success:
            conflict(response, mac, existing=winner if racer is home else None)
    assert [[], [winner]] == sorted(
        [document.id for document in api.machines().stream()] for api in (machines, others)
    )


async def test_crossed_macs_never_lose_both_machines(machines: MachinesApi) -> None:
    """All claims are in one commit, so the order of the MACs does not matter."""
    one, other = {"mac": a_mac()}, {"mac": a_mac()}

    responses = await asyncio.gather(
        *(machines.register(a_body(nics=nics)) for nics in ([one, other], [other, one]) for _ in range(8))
    )

    assert Counter({201: 1, 409: 15}) == Counter(response.status_code for response in responses)
