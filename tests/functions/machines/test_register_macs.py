"""The MAC addresses and notations that a registration accepts, and the errors for others."""

from collections.abc import Callable

import pytest

from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.machines.expectations import conflict, created, invalid

NOTATIONS: dict[str, Callable[[str], str]] = {
    "colons": lambda digits: ":".join(pairs(digits)),
    "hyphens": lambda digits: "-".join(pairs(digits)),
    "dots between pairs": lambda digits: ".".join(pairs(digits)),
    "dots between fours": lambda digits: ".".join(digits[at : at + 4] for at in (0, 4, 8)),
    "no separators": lambda digits: digits,
}
CASES: list[Callable[[str], str]] = [str.lower, str.upper, str.title]


def pairs(digits: str) -> list[str]:
    return [digits[at : at + 2] for at in range(0, 12, 2)]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("notation", NOTATIONS)
async def test_a_mac_is_taken_in_any_notation_and_shown_in_one(
    machines: MachinesApi, notation: str, case: Callable[[str], str]
) -> None:
    mac = a_mac()
    written = case(NOTATIONS[notation](mac.replace(":", "")))

    machine_id = created(await machines.register(a_body(nics=[{"mac": written}])))

    stored = machines.stored(machine_id)
    assert [{"mac": mac}] == stored["nics"]
    conflict(await machines.register(a_body(nics=[{"mac": mac}])), mac, existing=machine_id)


REJECTED = {
    "multicast": "01:00:5e:00:00:fb",
    "locally administered multicast": "03:00:00:00:00:01",
    "broadcast": "ff:ff:ff:ff:ff:ff",
    "broadcast without separators": "FFFFFFFFFFFF",
    "all zero": "00:00:00:00:00:00",
    "all zero with dots": "0000.0000.0000",
    "empty": "",
    "too short": "00:00:5e:00:53",
    "too long": "00:00:5e:00:53:01:02",
    "EUI-64": "00-00-5E-FF-FE-00-53-01",
    "not hexadecimal": "00:00:5e:00:53:0g",
    "one digit pairs": "0:0:5e:0:53:1",
    "mixed separators": "00:00:5e-00-53-01",
    "space around": " 00:00:5e:00:53:01",
    "newline after": "00:00:5e:00:53:01\n",
    "spaces between": "00 00 5e 00 53 01",
    "separators at odd places": "000:05e:005:301",
    "fullwidth digits": "\uff10\uff10:00:5e:00:53:01",
    "arabic digits": "\u0660\u0660:00:5e:00:53:01",
    "null character": "00:00:5e:00:53:01\0",
    "hexadecimal prefix": "0x00005e005301",
    "underscores": "00_00_5e_00_53_01",
}


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("written", REJECTED.values(), ids=REJECTED)
async def test_what_is_not_a_machines_own_mac_is_rejected(machines: MachinesApi, written: str) -> None:
    invalid(await machines.register(a_body(nics=[{"mac": a_mac()}, {"mac": written}])), "nics[1].mac")


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("notation", NOTATIONS)
async def test_a_mac_twice_in_one_body_is_rejected_at_its_second_place(
    machines: MachinesApi, notation: str
) -> None:
    mac = a_mac()
    again = NOTATIONS[notation](mac.replace(":", "").upper())

    response = await machines.register(a_body(nics=[{"mac": mac}, {"mac": a_mac()}, {"mac": again}]))

    invalid(response, "nics[2].mac")


@pytest.mark.usefixtures("store_unchanged")
async def test_every_repetition_of_a_mac_is_named(machines: MachinesApi) -> None:
    one, other = a_mac(), a_mac()

    response = await machines.register(a_body(nics=[{"mac": mac} for mac in (one, other, one, other, one)]))

    invalid(response, "nics[2].mac", "nics[3].mac", "nics[4].mac")


async def test_all_macs_of_a_machine_are_its_own(machines: MachinesApi) -> None:
    macs = [a_mac() for _ in range(128)]
    machine_id = created(await machines.register(a_body(nics=[{"mac": mac} for mac in macs])))

    for mac in (macs[0], macs[64], macs[127]):
        response = await machines.register(a_body(nics=[{"mac": a_mac()}, {"mac": mac}]))

        conflict(response, mac, existing=machine_id)


@pytest.mark.usefixtures("store_unchanged")
async def test_no_nic_at_all_is_rejected_in_the_contracts_words(machines: MachinesApi) -> None:
    reasons = invalid(await machines.register(a_body(nics=[])), "nics")

    assert reasons == {"nics": "at least one NIC is required"}
