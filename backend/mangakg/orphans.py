"""Child processes end with a killed parent, and the next start finds those that did not."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PROCESSES = Path("/proc")
_POLL_SECONDS = 0.05


def end_with_parent(number: signal.Signals) -> None:
    """Ask the kernel to send this process `number` when its parent dies (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))


def find_marked(mark: str) -> list[int]:
    """Return the processes that were started with `mark` ("NAME=value") in their environment.

    Unlike a stored process id, a random mark never belongs to an unrelated process.
    """
    found = []
    for folder in _PROCESSES.glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # ended meanwhile, or another user's
            continue
        if mark.encode() in variables and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def kill_marked(mark: str, *, timeout_seconds: float = 5.0) -> int:
    """Kill the processes that carry `mark` and wait until they are gone; returns how many."""
    until = time.monotonic() + timeout_seconds
    killed: set[int] = set()
    while (left := find_marked(mark)) and time.monotonic() < until:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed.add(pid)
        time.sleep(_POLL_SECONDS)
    return len(killed)
