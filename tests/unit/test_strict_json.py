"""The cost of parsing clients' JSON."""

import json
import time

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
