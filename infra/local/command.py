"""An emulator as a command: its flags, its ports, the line with its addresses, and its shutdown."""

import argparse
import asyncio
import errno
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from infra.arguments import Parser, folder, given, port
from infra.local.control import Control
from infra.local.status_errors import RejectOtherMethods

# Above production's limits for requests, so that a larger request is rejected with production's status.
_MAX_MESSAGE_BYTES = 40 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a running emulator: host:port for clients, and the URL of its control endpoint."""

    grpc: str
    control: str


class EmulatorError(Exception):
    """An emulator cannot start or continue; the text is the reason, in one line."""


class EmulatorParser(Parser):
    """A parser with the flags of every emulator."""

    def __init__(self, name: str, module: str, *, default_port: int) -> None:
        """Add the common flags.

        Args:
            name: The emulator's name.
            module: The module that starts it.
            default_port: The port that clients use by default.
        """
        super().__init__(
            prog=f"python -m {module}",
            description=f"An emulator of Google's {name}.",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        self.speaker = f"{name} emulator"
        self.add_argument("--host", type=given, default="127.0.0.1", help="the address to listen on")
        self.add_argument(
            "--port", type=port, default=default_port, help="the port for clients; 0 is any free port"
        )
        self.add_argument(
            "--control-port", type=port, default=0, help="the control endpoint's port; 0 is any free port"
        )
        self.add_argument("--data", type=folder, help="a folder for the data, which is otherwise in memory")


def serve(name: str, running: AbstractAsyncContextManager[Addresses]) -> int:
    """Run an emulator until SIGINT or SIGTERM, and return the process's exit code."""
    code = 0
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(_until_stopped(name, running))
        except* EmulatorError as errors:
            sys.stderr.writelines(f"{name} emulator: {error}\n" for error in errors.exceptions)
            code = 1
    return code


@asynccontextmanager
async def serving(  # noqa: PLR0913 - what the two emulators do not share
    handlers: Iterable[grpc.GenericRpcHandler],
    control: Control,
    host: str,
    port: int,
    control_port: int,
    *,
    grace: float,
) -> AsyncIterator[Addresses]:
    """Serve an emulator's methods and its control endpoint; port 0 is any free one.

    All methods without a handler are UNIMPLEMENTED. At the end, current calls have `grace` seconds to end.

    Raises:
        EmulatorError: One of the ports is taken, or cannot be used.
    """
    server = grpc.aio.server(
        options=[
            ("grpc.so_reuseport", 0),  # a taken port is an error
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
        ]
    )
    server.add_generic_rpc_handlers((*handlers, RejectOtherMethods()))
    addresses, listener = await _listen(server, control, host, port, control_port)
    await server.start()
    try:
        yield addresses
    finally:
        listener.close()
        await server.stop(grace)


@asynccontextmanager
async def background(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do endless work until the end of the block, which the failure of any of it interrupts."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _until_stopped(name: str, running: AbstractAsyncContextManager[Addresses]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running as addresses:
        sys.stdout.write(f"{name} emulator on {addresses.grpc}, control on {addresses.control}\n")
        sys.stdout.flush()
        await stopped.wait()


async def _listen(
    server: grpc.aio.Server, control: Control, host: str, port: int, control_port: int
) -> tuple[Addresses, asyncio.Server]:
    """Bind an emulator's ports, and start its control endpoint."""
    try:
        # Check the port first, because gRPC would log an error for developers if it is taken.
        socket.create_server((host, port)).close()
        bound = server.add_insecure_port(f"{host}:{port}")
    except (OSError, RuntimeError) as error:
        raise _unusable(host, port, error) from error
    try:
        listening = await control.serve(host, control_port)
    except OSError as error:
        raise _unusable(host, control_port, error) from error
    control_bound = listening.sockets[0].getsockname()[1]
    return Addresses(f"{host}:{bound}", f"http://{host}:{control_bound}"), listening


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - it does not exist on Windows; its only difference is speed
    except ImportError:
        return None
    return uvloop.new_event_loop


def _unusable(host: str, port: int, error: Exception) -> EmulatorError:
    if isinstance(error, OSError) and error.errno != errno.EADDRINUSE:
        return EmulatorError(f"{host}:{port} cannot be used: {error.strerror}")
    return EmulatorError(f"{host}:{port} is taken, choose another port (0 takes any)")
