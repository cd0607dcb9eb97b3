"""`python -m tests.bench`, or `make bench`: compare the product with its floor, its RPCs alone."""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from infra import ROOT, os_errors
from infra.arguments import Parser, count
from tests.bench.calls import CALLS
from tests.bench.client import RequestError
from tests.bench.report import as_bars, as_json, as_markdown
from tests.bench.run import Plan, UnfairError, run
from tests.bench.targets import targets

# In seconds. Linux counts CPU time in hundredths of a second, so a worker has none in a shorter slice.
LEAST, MOST = 0.1, 1000
RESULTS = ROOT / ".local" / "bench"
NAMES = [call.name for call in CALLS]


@os_errors.in_one_line()
def main() -> None:
    """Measure, print the tables and the chart, and store them with all figures."""
    plan = _plan()
    # If that is not possible, fail before the minutes of measuring.
    RESULTS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()

    def progress(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - started:4.0f} s  {line}\n")

    folder = Path(tempfile.mkdtemp(prefix="muster-bench-"))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            measured = runner.run(run(plan, folder, progress))
    except (KeyboardInterrupt, SystemExit):
        shutil.rmtree(folder)
        raise
    except (RequestError, UnfairError, OSError) as error:
        sys.exit(f"muster: {error}; the functions' output is in {folder}")
    shutil.rmtree(folder)
    held = targets(measured)
    tables, bars = as_markdown(measured, held), as_bars(measured)
    (RESULTS / "results.json").write_text(json.dumps(as_json(plan, measured, held), indent=2))
    (RESULTS / "results.md").write_text(f"{tables}\n")
    from tests.bench.chart import draw  # noqa: PLC0415 - loading matplotlib would disturb measurements

    draw(measured, RESULTS / "chart.png")
    sys.stdout.write(f"\n{tables}\n\n{bars}\n\nresults.json, results.md and chart.png are in {RESULTS}\n")


def _plan() -> Plan:
    parser = Parser(prog="python -m tests.bench", description="Measure calls against their floors.")
    parser.add_argument(
        "--only",
        action="append",
        choices=NAMES,
        metavar="CALL",
        help=f"may be repeated (default: all): {', '.join(NAMES)}",
    )
    parser.add_argument("--seconds", type=_seconds, default=0.5, help="duration of a slice (default: 0.5)")
    parser.add_argument(
        "--rounds",
        type=count,
        default=5,
        help="number of slices of each side at each number of connections (default: 5)",
    )
    arguments = parser.parse_args()
    return Plan(
        calls=[call for call in CALLS if call.name in (arguments.only or NAMES)],
        seconds=arguments.seconds,
        rounds=arguments.rounds,
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not LEAST <= seconds <= MOST:
        raise argparse.ArgumentTypeError(f"{text} is not a number from {LEAST} to {MOST}")
    return seconds


if __name__ == "__main__":
    main()
