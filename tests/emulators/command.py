"""An emulator as a command that ends by itself."""

import subprocess
import sys


def ended(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start an emulator, of the module below `infra.local`, and wait for its end."""
    command = [sys.executable, "-m", f"infra.local.{module}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def refused(module: str, *arguments: str) -> str:
    """Start an emulator that cannot start, and give its complaint: one line."""
    run = ended(module, "--port", "0", *arguments)
    assert (run.returncode, run.stdout) == (1, "")
    [complaint] = run.stderr.splitlines()
    return complaint
