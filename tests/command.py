"""The project's commands, as the Makefile runs them."""

import os
import subprocess
import sys

from infra import ROOT

TIMEOUT = 60


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a module with arguments and added environment variables, and wait for its end."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
