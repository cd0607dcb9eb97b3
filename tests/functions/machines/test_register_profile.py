"""The fields of a body: their types, lengths and numbers. The response contains all faults at once."""

import random

import pytest

from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import PROFILE, Body, Path, a_body, a_full_body, a_mac, with_value
from tests.functions.machines.expectations import PATH, created, invalid

OBJECTS: dict[str, Path] = {
    "cpus[0]": ("cpus", 0),
    "memory_modules[1]": ("memory_modules", 1),
    "accelerators[0]": ("accelerators", 0),
    "nics[0]": ("nics", 0),
    "drives[0]": ("drives", 0),
    "labels": ("labels",),
    "machine_parameters": ("machine_parameters",),
}
MANUFACTURERS: dict[str, Path] = {
    "cpus[0].manufacturer": ("cpus", 0, "manufacturer"),
    "accelerators[0].manufacturer": ("accelerators", 0, "manufacturer"),
}
TEXTS: dict[str, Path] = {
    "name": ("name",),
    "hostname": ("hostname",),
    "version": ("version",),
    "os_info": ("os_info",),
    "nics[0].mac": ("nics", 0, "mac"),
} | MANUFACTURERS
LONGEST = {"hostname": 255, "version": 50, "cpus[0].manufacturer": 255, "accelerators[0].manufacturer": 255}
MOST = {"cpus": 256, "memory_modules": 1024, "accelerators": 256, "nics": 128, "drives": 1024}
REQUIRED: dict[str, Path] = {
    "cpus[0].manufacturer": ("cpus", 0, "manufacturer"),
    "cpus[0].clock_frequency": ("cpus", 0, "clock_frequency"),
    "cpus[0].cores": ("cpus", 0, "cores"),
    "memory_modules[0].size": ("memory_modules", 0, "size"),
    "accelerators[0].manufacturer": ("accelerators", 0, "manufacturer"),
    "nics[0].mac": ("nics", 0, "mac"),
    "drives[0].capacity": ("drives", 0, "capacity"),
}


def several(array: str, count: int) -> Body:
    """Make a body with a number of elements in an array."""
    if array == "nics":
        return a_body(nics=[{"mac": a_mac()} for _ in range(count)])
    element = {"manufacturer": "NVIDIA"} if array == "accelerators" else PROFILE[array][0]
    return a_body(**{array: [element] * count})


@pytest.mark.usefixtures("store_unchanged")
class TestRejected:
    @pytest.mark.parametrize("wrong", ["text", 1, True, []], ids=repr)
    @pytest.mark.parametrize(("field", "path"), OBJECTS.items(), ids=OBJECTS)
    async def test_what_is_not_an_object(
        self, machines: MachinesApi, field: str, path: Path, wrong: object
    ) -> None:
        invalid(await machines.register(with_value(a_full_body(), path, wrong)), field)

    @pytest.mark.parametrize("wrong", ["text", 1, True, None, {}], ids=repr)
    @pytest.mark.parametrize("array", MOST)
    async def test_what_is_not_an_array(self, machines: MachinesApi, array: str, wrong: object) -> None:
        invalid(await machines.register(a_body(**{array: wrong})), array)

    @pytest.mark.parametrize("wrong", [1, 1.5, True, [], {}], ids=repr)
    @pytest.mark.parametrize(("field", "path"), TEXTS.items(), ids=TEXTS)
    async def test_what_is_not_a_string(
        self, machines: MachinesApi, field: str, path: Path, wrong: object
    ) -> None:
        invalid(await machines.register(with_value(a_full_body(), path, wrong)), field)

    @pytest.mark.parametrize(("field", "longest"), LONGEST.items())
    async def test_a_string_that_is_too_long(self, machines: MachinesApi, field: str, longest: int) -> None:
        invalid(await machines.register(with_value(a_full_body(), TEXTS[field], "x" * (longest + 1))), field)

    @pytest.mark.parametrize(("field", "path"), MANUFACTURERS.items(), ids=MANUFACTURERS)
    async def test_an_empty_manufacturer(self, machines: MachinesApi, field: str, path: Path) -> None:
        invalid(await machines.register(with_value(a_full_body(), path, "")), field)

    @pytest.mark.parametrize(("array", "most"), MOST.items())
    async def test_an_array_that_is_too_long(self, machines: MachinesApi, array: str, most: int) -> None:
        invalid(await machines.register(several(array, most + 1)), array)

    @pytest.mark.parametrize(("field", "path"), REQUIRED.items(), ids=REQUIRED)
    async def test_an_element_that_lacks_a_field(self, machines: MachinesApi, field: str, path: Path) -> None:
        body = a_full_body()
        array, index, name = path
        del body[str(array)][index][name]

        invalid(await machines.register(body), field)

    @pytest.mark.parametrize(("location", "path"), [("", ()), *list(OBJECTS.items())[:5]])
    @pytest.mark.parametrize("name", ["serial", "Manufacturer", "mac ", "__proto__", "organization_id"])
    async def test_an_unknown_field(
        self, machines: MachinesApi, location: str, path: Path, name: str
    ) -> None:
        body = with_value(a_full_body(), (*path, name), "x")

        invalid(await machines.register(body), f"{location}.{name}" if location else name)

    @pytest.mark.parametrize(
        "field", ["id", "organization_id", "version_id", "created_at", "status", "fingerprint", "pool_ids"]
    )
    async def test_a_field_that_is_the_servers(self, machines: MachinesApi, field: str) -> None:
        invalid(await machines.register(a_body(**{field: "x"})), field)

    async def test_the_lack_of_nics(self, machines: MachinesApi) -> None:
        body = a_body()
        del body["nics"]

        invalid(await machines.register(body), "nics")

    async def test_all_faults_of_a_body_at_once(self, machines: MachinesApi) -> None:
        mac = a_mac()
        body = {
            "cpus": [{"manufacturer": "", "clock_frequency": "1", "cores": 0}, 7],
            "memory_modules": {},
            "accelerators": [{"manufacturer": "NVIDIA", "vram": 1}],
            "nics": [{"mac": mac}, {"mac": "ff:ff:ff:ff:ff:ff"}, {}, {"mac": mac.upper()}],
            "drives": [{"capacity": 2**63}],
            "hostname": "x" * 256,
            "labels": {"tier": 1},
            "rack": None,
        }

        invalid(
            await machines.register(body),
            "cpus[0].manufacturer",
            "cpus[0].clock_frequency",
            "cpus[0].cores",
            "cpus[1]",
            "memory_modules",
            "accelerators[0].vram",
            "nics[1].mac",
            "nics[2].mac",
            "nics[3].mac",
            "drives[0].capacity",
            "hostname",
            "labels.tier",
            "rack",
        )


@pytest.mark.parametrize(("field", "longest"), LONGEST.items())
async def test_the_longest_strings_are_taken(machines: MachinesApi, field: str, longest: int) -> None:
    body = with_value(a_full_body(), TEXTS[field], "\N{DESKTOP COMPUTER}" * longest)

    created(await machines.register(body))


@pytest.mark.parametrize(("array", "most"), MOST.items())
async def test_the_longest_arrays_are_taken(machines: MachinesApi, array: str, most: int) -> None:
    created(await machines.register(several(array, most)))


async def test_absent_arrays_are_empty(machines: MachinesApi) -> None:
    machine_id = created(await machines.register({"nics": [{"mac": a_mac()}]}))

    stored = machines.stored(machine_id)
    for array in ("cpus", "memory_modules", "accelerators", "drives"):
        assert stored[array] == []


@pytest.mark.usefixtures("store_unchanged")
async def test_a_machine_that_is_too_large_for_an_event_of_its_update_is_rejected(
    machines: MachinesApi,
) -> None:
    """An update event contains the machine twice, and a Firestore document has at most 1 MiB."""
    invalid(await machines.register(a_body(os_info="x" * 600_000)), "os_info")


@pytest.mark.usefixtures("store_unchanged")
async def test_a_name_that_firestore_could_not_index_is_rejected_by_its_field(machines: MachinesApi) -> None:
    """Case folding turns each of these characters into three."""
    name = "".join(random.Random(1).choices("\u0390\u03b0\u1f52\u1f54\u1f56\u1fb7\u1fc7", k=255))  # noqa: S311 - not a secret

    invalid(await machines.register(a_body(name=name, hostname=name[::-1])), "name")


async def test_a_machine_that_is_too_large_with_what_it_is_searched_by_is_rejected(
    machines: MachinesApi,
) -> None:
    text = "".join(chr(0x4E00 + number) for number in range(249))
    body = a_body(name=text[:6] + text, hostname=text[::-1][:6] + text[::-1], os_info="x" * 480_000)

    invalid(await machines.register(body), "name")
    created(await machines.register(body | {"os_info": "x" * 250_000}))


async def test_what_was_stored_before_a_rule_was_made_is_shown_as_it_is(machines: MachinesApi) -> None:
    machine_id = created(await machines.register(a_body()))
    kept = {
        "cpus": [{"manufacturer": "", "clock_frequency": 0, "cores": 0}],
        "nics": [{"mac": "no address"}],
        "drives": [{"capacity": 0}],
    }
    machines.machines().document(machine_id).update(kept)

    response = await machines.call("GET", f"{PATH}/{machine_id}")

    assert response.status_code == 200
    assert kept == {field: response.json()[field] for field in kept}
