"""Reads the processor time and memory of a process and its children."""

import time
from pathlib import Path


def process_tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and of those below it that still run."""
    return sum(time.clock_gettime(_clock_of(member)) for member in process_tree(pid))


def _clock_of(pid: int) -> int:
    """Return the clock of a process, see clock_getcpuclockid(3): /proc tells hundredths only."""
    return ~pid << 3 | 2


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
