"""Errors of the operating system, such as that a file cannot be written, in one line."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def in_one_line() -> Iterator[None]:
    """End the command with the error in one line instead of a traceback.

    If the reader of the output has ended, as in `python -m infra.keys list ... | head`, end quietly.
    """
    try:
        yield
        sys.stdout.flush()  # at exit, Python would report an error itself
    except BrokenPipeError:
        _drop_output()
    except OSError as error:
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
        sys.exit(f"muster: {error.filename}: {error.strerror}" if error.filename else f"muster: {error}")


def _drop_output() -> None:
    """Discard further output, because Python's flush at exit would fail again.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
