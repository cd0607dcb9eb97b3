"""The output of the stack. A thread writes it, because a reader that pauses must not stop the stack."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from queue import Full, Queue

from infra.local.processes import Report

MAX_LINES = 10_000  # that wait for a reader; further lines are dropped
FLUSH_SECONDS = 1.0


@contextlib.contextmanager
def output() -> Iterator[Report]:
    """Yield a function that prints a line of a process, and at the end wait for the last lines."""
    lines: Queue[str | None] = Queue(MAX_LINES)

    def write() -> None:
        while (line := lines.get()) is not None:
            with contextlib.suppress(OSError):  # nobody reads the output any more; the stack continues
                os.write(sys.stdout.fileno(), line.encode())

    def report(name: str, line: str) -> None:
        with contextlib.suppress(Full):
            lines.put_nowait(f"{name:<16} {line}\n" if name else f"{line}\n")

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield report
    finally:
        with contextlib.suppress(Full):
            lines.put(None, timeout=FLUSH_SECONDS)
        writer.join(FLUSH_SECONDS)
