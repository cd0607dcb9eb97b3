"""Integers must be at least 1 and fit into an int64, and no other values are accepted as integers."""

import pytest

from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import Path, a_body, with_text
from tests.functions.machines.expectations import created, invalid

FIELDS: dict[str, Path] = {
    "cpus[0].clock_frequency": ("cpus", 0, "clock_frequency"),
    "cpus[0].cores": ("cpus", 0, "cores"),
    "memory_modules[1].size": ("memory_modules", 1, "size"),
    "drives[0].capacity": ("drives", 0, "capacity"),
}
REJECTED = [
    "0",
    "-0",
    "-1",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "9" * 400,
    "9" * 5000,  # more digits than Python converts by default
    "1e3",
    "1E3",
    "1e400",
    "1.0",
    "1.5",
    "NaN",
    "Infinity",
    "-Infinity",
    '"8"',
    '""',
    "true",
    "false",
    "null",
    "[8]",
    "{}",
]


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("text", REJECTED, ids=lambda text: text[:20])
@pytest.mark.parametrize(("field", "path"), FIELDS.items(), ids=FIELDS)
async def test_what_is_not_an_integer_of_at_least_one_is_rejected(
    machines: MachinesApi, field: str, path: Path, text: str
) -> None:
    invalid(await machines.post(with_text(a_body(), path, text)), field)


@pytest.mark.parametrize("text", ["1", "9223372036854775807"])
@pytest.mark.parametrize("path", FIELDS.values(), ids=FIELDS)
async def test_the_smallest_and_the_largest_are_taken(machines: MachinesApi, path: Path, text: str) -> None:
    created(await machines.post(with_text(a_body(), path, text)))
