"""Errors of the operating system, such as that a file cannot be written, in one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def in_one_line() -> Iterator[None]:
    """End the command with the error in one line instead of a traceback."""
    try:
        yield
    except OSError as error:
        sys.exit(f"muster: {error.filename}: {error.strerror}" if error.filename else f"muster: {error}")
