"""Run a command with an exclusive lock: `python -m infra.alone LOCK COMMAND [ARGUMENT ...]`.

`make` sets up the environment with it. It needs only Python, because there may be no environment yet.
"""

import fcntl
import subprocess
import sys
from pathlib import Path

from infra import os_errors


@os_errors.in_one_line()
def main() -> int:
    """Wait for the lock, run the command and return its exit code."""
    command = sys.argv[2:]
    if not command:
        sys.exit("muster: give a lock file and a command: python -m infra.alone LOCK COMMAND [ARGUMENT ...]")
    with Path(sys.argv[1]).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stdout.write("Another make is setting up, this one waits for it...\n")
            sys.stdout.flush()
            fcntl.flock(file, fcntl.LOCK_EX)
        # The command inherits the lock, so it keeps the lock if this process is killed first.
        return subprocess.run(command, pass_fds=[file.fileno()], check=False).returncode  # noqa: S603 - the caller's own


if __name__ == "__main__":
    sys.exit(main())
