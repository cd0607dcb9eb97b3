"""What the kernel knows of a process (https://man7.org/linux/man-pages/man5/proc.5.html)."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Tell the CPU time of a process, its own and the kernel's for it, in steps of 10 ms."""
    # The second field is the name, in parentheses, and may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / _TICKS


def peak_memory(pid: int) -> int:
    """Tell the most memory that a process had at any time, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024
