"""The cost of parsing clients' JSON."""

import json
import time

import pytest

from shared.domain.errors import Fault
from shared.edge import strict_json


def test_many_repeated_names_take_time_in_proportion_to_their_number() -> None:
    """Parsing blocks all other requests, and quadratic time would be minutes."""
    members = [f'"{number}":0' for number in range(60_000)]
    raw = f"{{{','.join(members + members)}}}".encode()
    assert len(raw) > 2**20

    started = time.process_time()
    document, faults = strict_json.parse(raw)

    assert time.process_time() - started < 10
    assert document == json.loads(raw)
    locations = [fault.location for fault in faults]
    assert locations == [("body", str(number)) for number in range(strict_json.MAX_FAULTS)]


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
        [Fault(("body",), "too_many_values", "must have at most 100000 values")],
    )


def test_a_text_is_one_value_whatever_it_contains() -> None:
    document = {"os_info": ",[{" * 200_000}
    assert strict_json.parse(json.dumps(document).encode()) == (document, [])


def test_a_document_may_have_as_many_values_as_the_largest_profile_needs() -> None:
    document = {"drives": [{"capacity": 1}] * 1024, "machine_parameters": {"": [0] * 32_000}}
    assert strict_json.parse(json.dumps(document).encode()) == (document, [])
