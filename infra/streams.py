"""Standard output and error exist even if the shell has closed them, as `>&-` does, and take any text."""

import io
import os
import sys


def open_closed() -> None:
    """Discard what goes to a closed stream.

    Python sets it to None, whose `write` is a traceback, and `print(file=None)` prints to standard output.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115 - until the process ends


def escape_unknown() -> None:
    """Escape what standard output's encoding does not have, as Python does for standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
