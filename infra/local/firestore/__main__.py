"""Run the emulator: `python -m infra.local.firestore --port 8081`."""

import argparse
import math
import sys
from pathlib import Path

from infra.local.command import EmulatorParser, serve
from infra.local.firestore.server import Options, running
from infra.local.firestore.transactions import Timeouts

_NAME = "Firestore"


def main() -> int:
    """Run the emulator until it is stopped, and return the exit code of the process."""
    return serve(_NAME, running(_options()))


def _options() -> Options:
    parser = EmulatorParser(_NAME, "infra.local.firestore", default_port=0)
    parser.add_argument(
        "--indexes",
        type=Path,
        help="an index file like firestore.indexes.json; without it, every composite index exists",
    )
    times = parser.add_argument_group("times, in seconds")
    times.add_argument("--retention", type=_seconds, default=3600, help="how far back reads can go")
    times.add_argument(
        "--ttl-interval", type=_seconds, default=60, help="time between deletions of expired documents"
    )
    usual = Timeouts()
    times.add_argument(
        "--idle-timeout", type=_seconds, default=usual.idle, help="how long a transaction may be unused"
    )
    times.add_argument(
        "--total-timeout", type=_seconds, default=usual.total, help="how long a transaction may last"
    )
    times.add_argument(
        "--lock-timeout", type=_seconds, default=usual.lock, help="how long an RPC waits for locks"
    )
    chosen = parser.parse_args()
    return Options(
        host=chosen.host,
        port=chosen.port,
        control_port=chosen.control_port,
        data=chosen.data,
        indexes=chosen.indexes,
        retention=chosen.retention,
        ttl_interval=chosen.ttl_interval,
        timeouts=Timeouts(chosen.idle_timeout, chosen.total_timeout, chosen.lock_timeout),
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no positive number of seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
