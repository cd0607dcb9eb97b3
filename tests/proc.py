"""What the kernel knows of a process (https://man7.org/linux/man-pages/man5/proc.5.html)."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Tell the CPU time of a process, its own and the kernel's for it, in steps of 10 ms."""
    user, system = _stat(pid)[11:13]
    return (int(user) + int(system)) / _TICKS


def parent(pid: int) -> int:
    """Tell which process started a process."""
    return int(_stat(pid)[1])


def memory(pid: int) -> int:
    """Tell the memory that a process has, in bytes."""
    return _status(pid, "VmRSS")


def peak_memory(pid: int) -> int:
    """Tell the most memory that a process had at any time, in bytes."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = next(line for line in lines if line.startswith(f"{name}:"))
    return int(found.split()[1]) * 1024


def _stat(pid: int) -> list[str]:
    """Give the fields of a process's state from the third on."""
    # The second field is the name, in parentheses, and may hold anything.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
