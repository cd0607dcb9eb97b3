"""Format the report of a run as a table."""

from collections import Counter
from collections.abc import Mapping

from tests.chaos.run import Outcome

SHOWN_FAULTS = 40


def report(outcome: Outcome) -> str:
    """Return a table of the run's counts, followed by its faults."""
    kills = {name.removeprefix("kill "): n for name, n in outcome.disturbances.done.items() if "kill" in name}
    others: Counter[str] = Counter()
    for name, count in outcome.disturbances.done.items():
        if "kill" not in name:
            others[" ".join(name.split(" ")[:2])] += count
    rows = [
        ("seed", f"{outcome.plan.seed}, {outcome.plan.seconds:.0f} s, {outcome.plan.clients} clients"),
        ("operations", f"{sum(outcome.ledger.operations.values())}: {_listed(outcome.ledger.operations)}"),
        ("responses", _listed(outcome.ledger.responses)),
        ("kills", f"{outcome.disturbances.kills}: {_listed(kills)}"),
        ("disturbances", f"{sum(others.values())}: {_listed(others)}"),
        ("checked", _listed(outcome.figures)),
        ("faults", str(len(outcome.faults))),
    ]
    width = max(len(name) for name, _ in rows)
    table = [f"| {name:<{width}} | {value} |" for name, value in rows]
    faults = [f"- {fault}" for fault in outcome.faults[:SHOWN_FAULTS]]
    return "\n".join([*table, *faults])


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
