"""Run a module as a child of the stack: `python -m infra.local.child MODULE [ARGUMENT ...]`.

A child never outlives the stack, even if the stack is killed. The child's standard input is a pipe that the
stack holds open. When the pipe closes, the child exits, and so does every process that it has forked.
"""

import os
import runpy
import sys
import threading
from collections.abc import Sequence


def main() -> None:
    """Watch the pipe, and run the module in this process."""
    _end_with_the_stack()
    os.register_at_fork(after_in_child=_end_with_the_stack)
    become(sys.argv[1:])


def become(command: Sequence[str]) -> None:
    """Run a module with its arguments as this process's program, until it ends."""
    sys.argv = list(command)
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


def _end_with_the_stack() -> None:
    threading.Thread(target=_exit_at_end_of_input, daemon=True).start()


def _exit_at_end_of_input() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
