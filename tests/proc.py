"""Read the kernel's data about a process (https://man7.org/linux/man-pages/man5/proc.5.html)."""

import asyncio
import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, user and kernel, in steps of 10 ms."""
    user, system = _stat(pid)[11:13]
    return (int(user) + int(system)) / _TICKS


async def idle(pid: int) -> None:
    """Wait until a process has used no CPU for a second."""
    used, now = -1.0, cpu_seconds(pid)
    while now > used:
        await asyncio.sleep(1)
        used, now = now, cpu_seconds(pid)


def parent(pid: int) -> int:
    """Return the id of a process's parent."""
    return int(_stat(pid)[1])


def children(pid: int) -> list[int]:
    """Return the ids of the processes that a process's main thread has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory(pid: int) -> int:
    """Return the resident memory of a process, in bytes."""
    return _status(pid, "VmRSS")


def peak_memory(pid: int) -> int:
    """Return the highest resident memory that a process has had, in bytes."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = next(line for line in lines if line.startswith(f"{name}:"))
    return int(found.split()[1]) * 1024


def _stat(pid: int) -> list[str]:
    """Return the fields of a process's state, starting with the third."""
    # The second field is the name in parentheses, which can contain any characters.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
