"""The project's commands, as the Makefile runs them."""

import os
import subprocess
import sys
from typing import IO

from infra import ROOT

TIMEOUT = 60


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a module with arguments and added environment variables, and wait for its end."""
    return run_into(subprocess.PIPE, *command, **environment)


def run_into(output: int | IO[str], *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Do as `run`, with this standard output."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
