"""Ctrl-C ends every command without a traceback, even while the command still imports its modules."""

import signal
import sys
from types import TracebackType

# As shells report a process that the signal has ended.
STATUS = 128 + signal.SIGINT


def end_quietly() -> None:
    """Make an unhandled KeyboardInterrupt end the command without output."""
    sys.excepthook = _end


def _end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.exit(STATUS)
    sys.__excepthook__(kind, error, traceback)
