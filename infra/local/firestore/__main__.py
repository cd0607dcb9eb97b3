"""Run the emulator: `python -m infra.local.firestore --port 8081`."""

import argparse
import asyncio
import math
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from infra.local.firestore.indexes import IndexFileError
from infra.local.firestore.journal import DataFolderError
from infra.local.firestore.server import Options, PortTakenError, running
from infra.local.firestore.transactions import Patience

_LAST_PORT = 65535


def main() -> int:
    """Run until told to stop; gives the process's exit code."""
    options = _options()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(_serve(options))
        except PortTakenError as error:
            return _failed(f"{error} is taken, choose another port (0 takes any)")
        except (DataFolderError, IndexFileError) as error:
            return _failed(str(error))
    return 0


def _failed(reason: str) -> int:
    sys.stderr.write(f"Firestore emulator: {reason}\n")
    return 1


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - there is none on Windows; it is faster, and otherwise the same
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(options: Options) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running(options) as addresses:
        sys.stdout.write(f"Firestore emulator on {addresses.grpc}, control on {addresses.control}\n")
        sys.stdout.flush()
        await stopped.wait()


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"Firestore emulator: {message} (see --help)\n")


def _options() -> Options:
    parser = _Parser(
        prog="python -m infra.local.firestore",
        description="An emulator of Google's Firestore.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=_port, default=0, help="for clients; 0 takes any")
    parser.add_argument("--control-port", type=_port, default=0, help="for counters and faults; 0 takes any")
    parser.add_argument("--data", type=Path, help="a folder to keep the data in, beyond the end")
    parser.add_argument(
        "--indexes", type=Path, help="a file of indexes, in the form of firestore.indexes.json"
    )
    times = parser.add_argument_group("times, in seconds")
    times.add_argument("--retention", type=_seconds, default=3600, help="how far back reads can go")
    times.add_argument("--ttl-interval", type=_seconds, default=60, help="how often expired documents go")
    times.add_argument("--idle-timeout", type=_seconds, default=60, help="of a transaction not in use")
    times.add_argument("--total-timeout", type=_seconds, default=270, help="of any transaction")
    times.add_argument("--lock-timeout", type=_seconds, default=10, help="of waiting for a lock")
    chosen = parser.parse_args()
    return Options(
        host=chosen.host,
        port=chosen.port,
        control_port=chosen.control_port,
        data=chosen.data,
        indexes=chosen.indexes,
        retention=chosen.retention,
        ttl_interval=chosen.ttl_interval,
        patience=Patience(chosen.idle_timeout, chosen.total_timeout, chosen.lock_timeout),
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port, which is from 0 to {_LAST_PORT}")
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no positive number of seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
