"""Run an emulator as a command that exits by itself."""

import subprocess
import sys


def ended(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start an emulator, a module below `infra.local`, and wait until it exits."""
    command = [sys.executable, "-m", f"infra.local.{module}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def startup_error(module: str, *arguments: str) -> str:
    """Start an emulator that must fail, and return its error message of one line."""
    run = ended(module, "--port", "0", *arguments)
    assert (run.returncode, run.stdout) == (1, "")
    [complaint] = run.stderr.splitlines()
    return complaint
