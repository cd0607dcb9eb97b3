"""Forks functions for `fork_server.py` from a process that has already imported what all of them import.

The imports take half a second of CPU. Otherwise each of the five functions would need that at every start of
the stack. A function imports the project's own code itself, so a restarted one runs the current code.

The server receives requests on a socket: `{"command": [...], "environment": {...}}` with two file
descriptors, for the output and for a listening socket. It sends `{"ready": true}` once, `{"started": pid}`
and `{"ended": pid, "status": wait status}`, each as a line.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import warnings
from typing import Any, NoReturn

from infra.local.child import become

IMPORTED_BY_ALL = (
    "functions_framework.aio",
    "functions_framework._http.gunicorn",
    "google.auth.transport.grpc",
    "google.auth.transport.requests",
    "google.protobuf.internal.builder",
    "grpc.aio",
    "httptools",
    "pydantic.fields",
    "pydantic.main",
    "uvicorn_worker",
    "uvloop",
)
MAX_REQUEST_BYTES = 1024 * 1024
# Where gunicorn expects a listening socket to inherit, by systemd's protocol:
# https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
LISTEN_FD = 3


def main() -> None:
    """Serve the requests of the socket whose file descriptor is the argument."""
    stack = socket.socket(fileno=int(sys.argv[1]))
    for module in IMPORTED_BY_ALL:
        importlib.import_module(module)
    # Otherwise all functions would use the same control socket, which each takes from the others at start.
    importlib.import_module("gunicorn.config").ControlSocketDisable.default = True
    # Otherwise each function's first full garbage collection, and its exit, would write to all memory that it
    # shares with the others, for a quarter of a second each: https://docs.python.org/3/library/gc.html#gc.freeze
    gc.freeze()
    # Python 3.12 and newer warn of a fork beside other threads, because these may hold locks. The only other
    # thread here waits for the end of standard input, and holds none.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)

    # A handler could not report the end of a child: Python does not call it while `recv_fds` waits, if the
    # signal arrives just before, or in another thread. The byte that Python then writes here ends a wait.
    ended, wake = socket.socketpair()
    for end in (ended, wake):
        end.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _say(stack, {"ready": True})
    while True:
        readable, _, _ = select.select((stack, ended), (), ())
        if ended in readable:
            ended.recv(1024)
            _reap(stack)
        if stack in readable:
            request, descriptors, _, _ = socket.recv_fds(stack, MAX_REQUEST_BYTES, 2)
            if not request:
                return
            if os.fork() == 0:
                signal.set_wakeup_fd(-1)
                for end in (ended, wake):
                    end.close()
                _run(stack, json.loads(request), *descriptors)
            for descriptor in descriptors:
                os.close(descriptor)


def _reap(stack: socket.socket) -> None:
    """Report the children that have ended."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            _say(stack, {"ended": ended[0], "status": ended[1]})


def _run(stack: socket.socket, request: dict[str, Any], output: int, listener: int) -> NoReturn:
    """Run the function in this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    # The function itself sends this, so that its parent cannot report its end first.
    _say(stack, {"started": os.getpid()})
    stack.close()
    os.dup2(listener, LISTEN_FD)
    if listener != LISTEN_FD:
        os.close(listener)
    os.environ |= request["environment"] | {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    become(request["command"])
    sys.exit()


def _say(stack: socket.socket, message: dict[str, Any]) -> None:
    stack.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
