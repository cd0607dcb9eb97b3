"""Run a module as a child of the stack: `python -m infra.local.child MODULE [ARGUMENT ...]`.

A child never outlives the stack, not even one that is killed: its standard input is a pipe that the stack
holds open, and the end of that pipe is the end of the child, and of every process that it forks.
"""

import os
import runpy
import sys
import threading

# Where systemd's protocol, and so gunicorn, looks for a listening socket to inherit:
# https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
LISTEN_FD = 3


def main() -> None:
    """Watch over the stack's end of the pipe and become the module."""
    _end_with_the_stack()
    os.register_at_fork(after_in_child=_end_with_the_stack)
    _inherit_socket()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with_the_stack() -> None:
    threading.Thread(target=_exit_at_end_of_input, daemon=True).start()


def _exit_at_end_of_input() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


def _inherit_socket() -> None:
    """Offer the socket that the stack listens on for this child, if there is one, to gunicorn."""
    listener = os.environ.pop("MUSTER_LISTENER", None)
    if listener:
        os.dup2(int(listener), LISTEN_FD)
        os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}


if __name__ == "__main__":
    main()
