"""`python -m tests.chaos`, or `make chaos`: kill processes under load, then check all data and events."""

import random
import sys
import tempfile
from pathlib import Path

from infra import os_errors
from infra.arguments import Parser, count, folder
from tests.chaos.report import report
from tests.chaos.run import Plan, run

SECONDS_PER_KILL = 4.5


@os_errors.in_one_line()
def main() -> None:
    """Run with each seed, and exit with 1 if there are faults."""
    parser = Parser(
        prog="python -m tests.chaos", description="Kill processes under load, then check all data and events."
    )
    parser.add_argument("--seconds", type=count, default=300, help="seconds of each run (default: 300)")
    parser.add_argument(
        "--clients", type=count, default=32, help="number of concurrent clients (default: 32)"
    )
    parser.add_argument("--seed", type=int, action="append", help="may be repeated (default: random)")
    parser.add_argument("--keep", type=folder, help="a folder to keep each run's data and log in")
    arguments = parser.parse_args()
    failed = False
    for seed in arguments.seed or [random.randrange(10**6)]:  # noqa: S311 - not a secret
        plan = Plan(
            seed=seed,
            seconds=arguments.seconds,
            clients=arguments.clients,
            kills=max(1, round(arguments.seconds / SECONDS_PER_KILL)),
        )
        sys.stdout.write(f"seed {seed}\n")
        sys.stdout.flush()
        with tempfile.TemporaryDirectory() as temporary:
            outcome = run(plan, _made((arguments.keep or Path(temporary)) / str(seed)))
        sys.stdout.write(f"{report(outcome)}\n")
        failed = failed or bool(outcome.faults)
    sys.exit(1 if failed else 0)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"muster: {folder}: {error.strerror}")
    return folder


if __name__ == "__main__":
    main()
