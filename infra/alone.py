"""Run a command when no other has the same lock: `python infra/alone.py LOCK COMMAND [ARGUMENT ...]`.

`make` sets up its environment so, also before there is one: it needs Python alone.
"""

import fcntl
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Wait for the lock, and give the command's exit code."""
    lock, *command = sys.argv[1:]
    with Path(lock).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stdout.write("Another make is setting up, this one waits for it...\n")
            sys.stdout.flush()
            fcntl.flock(file, fcntl.LOCK_EX)
        # The command has the lock too, and so keeps it where this process is killed before it ends.
        return subprocess.run(command, pass_fds=[file.fileno()], check=False).returncode  # noqa: S603 - the caller's own


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
