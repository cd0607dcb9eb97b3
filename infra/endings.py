"""How every command ends that is interrupted, or whose standard output takes no more: without a traceback.

`infra` prepares it before a command imports anything else, which takes longer than some people wait.
"""

import atexit
import errno
import os
import signal
import sys
from types import TracebackType

# As shells tell of a process that a signal has ended: 128 and its number.
INTERRUPTED = 128 + signal.SIGINT
UNREAD = 128 + signal.SIGPIPE

# What a pipe that nobody reads and a full disk say; files that are opened have names beside.
_UNWRITABLE = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def prepare() -> None:
    """Have what a command does not catch itself, and what it leaves to be printed, end it so."""
    sys.excepthook = _end
    atexit.register(_flush)  # the first to be registered, and so the last to be called


def settle_output() -> None:
    """Print what waits for it, or drop it where it cannot be printed: that would fail once more at the end.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Take the place of `sys.excepthook`: the interpreter exits with the status that this raises."""
    reason = _single(error)
    if isinstance(reason, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    if isinstance(reason, OSError) and reason.errno in _UNWRITABLE and reason.filename is None:
        settle_output()
        sys.exit(_told(reason))
    sys.__excepthook__(kind, error, traceback)


def _single(error: BaseException) -> BaseException:
    """Take an error out of the groups that it is alone in: task groups make them."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        (error,) = error.exceptions
    return error


def _flush() -> None:
    """Print what waits for it; the interpreter, which does that next, would tell of a fault in two lines."""
    try:
        if sys.stdout:  # `>&-` closes it
            sys.stdout.flush()
    except OSError as error:
        status = _told(error)
        sys.stderr.flush()
        os._exit(status)  # no function that is called at the end can change the status in another way


def _told(error: OSError) -> int:
    """Tell what is wrong with a stream, if that is anybody's concern, and give the exit status."""
    if isinstance(error, BrokenPipeError):  # who read has enough
        return UNREAD
    sys.stderr.write(f"muster: {error.strerror}\n")
    return 1
