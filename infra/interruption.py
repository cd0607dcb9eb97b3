"""Ctrl-C ends every command without a traceback, also one that still imports its modules."""

import signal
import sys
from types import TracebackType

# As shells tell of a process that a signal has ended.
STATUS = 128 + signal.SIGINT


def end_quietly() -> None:
    """Have an interruption that a command leaves to Python end it without a word."""
    sys.excepthook = _end


def _end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.exit(STATUS)
    sys.__excepthook__(kind, error, traceback)
