"""The cost of parsing clients' JSON."""

import json
import time

import pytest

from shared.domain.errors import Fault
from shared.edge import strict_json


def test_many_repeated_names_take_time_in_proportion_to_their_number() -> None:
    """Parsing blocks all other requests, and quadratic time would be minutes."""
    members = [f'"{number:010}":0' for number in range(39_000)]
    raw = f"{{{','.join(members + members)}}}".encode()
    assert len(raw) > 2**20

    started = time.process_time()
    document, faults = strict_json.parse(raw)

    assert time.process_time() - started < 10
    assert document == json.loads(raw)
    locations = [fault.location for fault in faults]
    assert locations == [("body", f"{number:010}") for number in range(strict_json.MAX_FAULTS)]


@pytest.mark.parametrize(
    "part",
    ["1", '""', "{}", "[]", "[" * 90 + "]" * 90, "NaN"],
    ids=["number", "text", "{}", "[]", "deep", "NaN"],
)
def test_a_document_of_very_many_values_is_rejected_as_a_whole(part: str) -> None:
    """To look for the places of its faults would block all other requests for more than a second."""
    raw = f"[{','.join([part] * (2**20 // (len(part) + 1)))}, NaN]".encode()

    assert strict_json.parse(raw) == (
        None,
        [Fault(("body",), "too_many_values", "must have at most 40000 values")],
    )


def test_parts_of_very_many_unknown_fields_are_rejected_as_a_whole() -> None:
    """To report 95,000 faults would block all other requests for most of a second."""
    part = {f"{index:x}": 0 for index in range(95)}

    document, [fault] = strict_json.parse(json.dumps({"drives": [part] * 1000}).encode())

    assert (document, fault.kind) == (None, "too_many_values")


def test_a_text_is_one_value_whatever_it_contains() -> None:
    document = {"os_info": ",[{" * 200_000}
    assert strict_json.parse(json.dumps(document).encode()) == (document, [])


def test_a_document_may_have_as_many_values_as_the_largest_profile_needs() -> None:
    document = {
        **dict.fromkeys(("name", "hostname", "version", "os_info"), ""),
        "cpus": [{"manufacturer": "a", "clock_frequency": 1, "cores": 1}] * 256,
        "memory_modules": [{"size": 1}] * 1024,
        "accelerators": [{"manufacturer": "a"}] * 256,
        "nics": [{"mac": "00:00:5e:00:53:01"}] * 128,
        "drives": [{"capacity": 1}] * 1024,
        "labels": {str(index): "" for index in range(64)},
        "machine_parameters": {"": [0] * 32_764},  # 64 KiB
    }
    assert strict_json.parse(json.dumps(document).encode()) == (document, [])
