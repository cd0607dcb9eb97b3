"""Run the emulator: `python -m infra.local.firestore --port 8081`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable

from infra.local.firestore.server import Options, PortTakenError, running


def main() -> int:
    """Run until told to stop; gives the process's exit code."""
    options = _options()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(_serve(options))
        except PortTakenError as error:
            print(
                f"Firestore emulator: {error} is taken, choose another port (0 takes any).", file=sys.stderr
            )
            return 1
    return 0


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


def _options() -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.firestore", description="An emulator of Google's Firestore."
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="for clients; 0 takes any")
    parser.add_argument("--control-port", type=int, default=0, help="for counters and faults; 0 takes any")
    parser.add_argument("--data", help="a folder to keep the data in; without it, it is gone at the end")
    parser.add_argument("--indexes", help="a file of indexes, as in firestore.indexes.json")
    arguments = parser.parse_args()
    return Options(host=arguments.host, port=arguments.port, control_port=arguments.control_port)


if __name__ == "__main__":
    sys.exit(main())
