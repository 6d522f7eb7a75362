"""Reads the processor time and memory of a process and its children from /proc."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def process_tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and of those below it that still run."""
    total = 0
    for member in process_tree(pid):
        # After the name in brackets, which may hold spaces: utime and stime are 12th and 13th.
        fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def memory_bytes(pid: int, field: str) -> dict[int, int]:
    """Return `VmRSS` (now) or `VmHWM` (at most so far) of each process of the tree."""
    found = {}
    for member in process_tree(pid):
        try:
            status = Path(f"/proc/{member}/status").read_text()
        except FileNotFoundError:  # it ended meanwhile
            continue
        for line in status.splitlines():
            if line.startswith(f"{field}:"):
                found[member] = int(line.split()[1]) * 1024
    return found
