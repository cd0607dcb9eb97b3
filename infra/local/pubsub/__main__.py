"""Start the Pub/Sub emulator: `python -m infra.local.pubsub`."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from infra.local.pubsub.server import running


def main() -> None:
    """Run until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.pubsub", description="A Pub/Sub emulator that needs nothing but Python."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8085, help="gRPC port, 0 for any (default: %(default)s)")
    parser.add_argument(
        "--control-port", type=int, default=0, help="port of counters and faults, 0 for any (default: any)"
    )
    parser.add_argument("--data", type=Path, help="folder that keeps the state (default: it is in memory)")
    arguments = parser.parse_args()
    try:
        asyncio.run(_serve(arguments))
    except OSError as error:
        sys.exit(f"pubsub emulator: {error}")


async def _serve(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    async with running(arguments.host, arguments.port, arguments.control_port, arguments.data) as at:
        print(f"Pub/Sub emulator on {at.grpc}, control on http://{at.control}", flush=True)  # noqa: T201 - the one line
        await stop.wait()


if __name__ == "__main__":
    main()
