"""Measures what an idle worker costs in a big library."""

import subprocess
import sys
import time
from typing import Any

from bench.installation import BACKEND, Installation
from bench.processes import processor_seconds

GOAL_PERCENT = 1.0
# The first round also runs the tasks that are due once in some hours.
_SETTLE_SECONDS = 20
_WATCHED_SECONDS = 60


def measure_idle_worker(house: Installation, found: Any) -> list[str]:
    """Return one line: the processor time of `manage.py work` while nothing is due."""
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "work"], cwd=BACKEND, env=house.environment()
    )
    try:
        time.sleep(_SETTLE_SECONDS)
        before, started = processor_seconds(worker.pid), time.monotonic()
        time.sleep(_WATCHED_SECONDS)
        used = processor_seconds(worker.pid) - before
        percent = 100 * used / (time.monotonic() - started)
    finally:
        worker.terminate()
        worker.wait()
    return [
        f"Idle worker on {house.name}, {found['pages']:,} pages: {percent:.2f} % of a core"
        f", goal < {GOAL_PERCENT:g}{'' if percent < GOAL_PERCENT else '  MISSED'}"
    ]
