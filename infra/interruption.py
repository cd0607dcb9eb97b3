"""Ctrl-C ends every command without a traceback, even while the command still imports its modules."""

import sys
from types import TracebackType

# As shells report a process that SIGINT has ended. The module `signal` is not imported for it, because Ctrl-C
# during that import would print a traceback.
STATUS = 130


def end_quietly() -> None:
    """Make an unhandled KeyboardInterrupt end the command without output."""
    sys.excepthook = _end


def _end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.exit(STATUS)
    sys.__excepthook__(kind, error, traceback)
