"""`python -m infra.local`, or `make run`: serve the local stack until Ctrl-C."""

import argparse
import asyncio
import errno
import os
import re
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from infra import os_errors
from infra.api_key import is_api_key, new_api_key
from infra.arguments import Parser, folder, port
from infra.local import provision, state, topology
from infra.local.output import output
from infra.local.stack import Options, Stack, StackError
from infra.local.state import OccupiedError, write_privately

DEFAULT_PORT = 8080
# As many as macOS ever allows a process: OPEN_MAX in its sys/syslimits.h.
OPEN_FILES = 10_240


@os_errors.in_one_line()
def main() -> None:
    """Run a stack; report in one line why it cannot run."""
    if sys.stdout.isatty():
        os.environ.setdefault("FORCE_COLOR", "1")  # the children's output is a pipe
    arguments = _arguments(sys.argv[1:])
    try:
        served = topology.load(arguments.topology)
        provision.check_schemas(served, arguments.topology)
        _allow_open_files()
        with _listen(arguments.port, arguments.state) as listener, output() as report:
            options = Options(
                topology_file=arguments.topology.resolve(),
                state_folder=arguments.state,
                data=arguments.data and arguments.data.resolve(),
                api_key=_development_key(arguments.data),
                firestore_host=_emulator("FIRESTORE_EMULATOR_HOST"),
                pubsub_host=_emulator("PUBSUB_EMULATOR_HOST"),
            )
            uvloop.run(_run(Stack(served, options, listener, report)))
    except OccupiedError as error:
        what, elsewhere = (
            ("state", "MUSTER_STATE=.local-2 make run PORT=8081")
            if error.folder == arguments.state
            else ("data", "make run DATA=data-2")
        )
        sys.exit(
            f"muster: a stack with its {what} in {error.folder} runs already: stop it, or put the {what} of "
            f"this one elsewhere: {elsewhere}"
        )
    except (topology.TopologyError, StackError) as error:
        sys.exit(f"muster: {error}")


def _arguments(command_line: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="python -m infra.local", description="Serve the local stack.")
    parser.add_argument(
        "--port", type=port, default=DEFAULT_PORT, help="the gateway's port, 0 for any (default: 8080)"
    )
    parser.add_argument("--data", type=folder, help="keep everything in this folder (default: in memory)")
    state.add_folder_argument(parser)
    parser.add_argument(
        "--topology",
        type=Path,
        default=topology.DEFAULT_FILE,
        help="the topology to serve (default: infra/topology.yaml)",
    )
    return parser.parse_args(command_line)


def _listen(port: int, state_folder: Path) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            if state.read(state_folder):
                raise OccupiedError(state_folder) from error
            raise StackError(
                f"port {port} is taken: stop who uses it, or choose another: make run PORT=8081"
            ) from error
        raise StackError(f"port {port} cannot be used: {error.strerror}") from error


def _allow_open_files() -> None:
    """Raise the soft limit of open files as far as possible, for this process and its children.

    A request in progress takes a connection of the client and one to the function. macOS allows 256 files by
    default, and many Linux systems 1,024.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _emulator(variable: str) -> str | None:
    """Return the address of a running emulator, if this environment variable contains one."""
    host = os.environ.get(variable)
    if host and not re.fullmatch(r"[^/\s]+:[0-9]+", host):
        raise StackError(f"{variable} is {host}: it takes HOST:PORT, without http://")
    return host


def _development_key(data: Path | None) -> str:
    """Return the development key: the one in the data folder if there is one, otherwise a new one."""
    if not data:
        return new_api_key()
    file = data / "development-key"
    try:
        data.mkdir(parents=True, exist_ok=True)
        if not file.exists() or not file.read_bytes().strip():
            write_privately(file, new_api_key())
        key = file.read_text(errors="replace").strip()
    except OSError as error:
        raise StackError(
            f"nothing can be kept in {data} ({error.strerror}): choose a folder: make run DATA=data"
        ) from error
    if not is_api_key(key):
        raise StackError(f"{file} is damaged, it holds no API key: delete it to have a new one made")
    return key


async def _run(stack: Stack) -> None:
    loop = asyncio.get_running_loop()
    running = loop.create_task(stack.run())

    def stop() -> None:
        # Only once, because a second cancellation would interrupt the shutdown of the children.
        if not running.cancelling():
            running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    await asyncio.wait([running])
    if not running.cancelled():
        running.result()


if __name__ == "__main__":
    main()
