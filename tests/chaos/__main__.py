"""`python -m tests.chaos`, or `make chaos`: kill everything anywhere, and see that the books balance."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from infra.arguments import Parser
from tests.chaos.report import report
from tests.chaos.run import Plan, run

SECONDS_PER_KILL = 4.5


def main() -> None:
    """Run with each seed, and fail if anything is wrong."""
    parser = Parser(
        prog="python -m tests.chaos", description="Kill processes under load, then check all data and events."
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=300, help="how long each run lasts (default: 300)"
    )
    parser.add_argument("--clients", type=int, default=32, help="how many clients at once (default: 32)")
    parser.add_argument("--seed", type=int, action="append", help="may be repeated (default: a new one)")
    parser.add_argument("--keep", type=Path, help="a folder that keeps each run's data and log")
    arguments = parser.parse_args()
    failed = False
    for seed in arguments.seed or [random.randrange(10**6)]:  # noqa: S311 - no secret
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


def _seconds(text: str) -> float:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds")
    return float(text)


if __name__ == "__main__":
    main()
