"""The embedded profile's worker: runs due rows and the schedule, without a broker.

Each queue has a thread, so that variants never delay extraction; the main thread listens for
wake-ups. The process that holds the lock file is the only worker, and so takes over at once what a
killed one left.
"""

import fcntl
import os
import signal
import threading
import time
from pathlib import Path
from typing import IO

import structlog
from django.conf import settings
from django.db import close_old_connections, connection

from common.files.storages import remove_drafts
from common.work.background import SCHEDULE, queues, run_due_rows, wake_up_file
from common.work.leases import end_all_leases

log = structlog.get_logger(__name__)

_LISTEN_SECONDS = 0.1
_ROUND_SECONDS = 5.0


def lock_file() -> Path:
    """Return the file whose lock the worker holds while it lives."""
    return Path(settings.DATA_FOLDER) / "run" / "worker.lock"


def is_worker_alive() -> bool:
    """Return True while some process holds the worker's lock."""
    try:
        with lock_file().open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def run_worker() -> None:
    """Work until SIGTERM or SIGINT; the next worker finishes rows that are under way then."""
    lock = _take_lock()
    if connection.vendor == "sqlite":  # with an external database other hosts may have workers too
        end_all_leases()
    remove_drafts()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    wake_ups = {queue: WakeUp(queue) for queue in queues()}
    lanes = [
        threading.Thread(target=_run_lane, args=item, daemon=True) for item in wake_ups.items()
    ]
    for lane in lanes:
        lane.start()
    log.info("worker.started", pid=os.getpid())
    parent = os.getppid()
    while not stop.wait(_LISTEN_SECONDS):
        for wake_up in wake_ups.values():
            wake_up.listen()
        if os.getppid() != parent:  # the supervisor was killed: its next run starts a new worker
            break
        if not all(lane.is_alive() for lane in lanes):
            raise SystemExit("a lane of the worker died")
    lock.close()
    os._exit(0)  # do not wait for a page that is being decoded: its row's lease ends


def _take_lock() -> IO[str]:
    path = lock_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_LISTEN_SECONDS)  # another worker holds this data folder
        else:
            return file


class WakeUp:
    """The file that wakes a queue's thread, and whether it was touched since that last looked."""

    def __init__(self, queue: str) -> None:
        self._file = wake_up_file(queue)
        self._time = self._last_touched()
        self.was_touched = threading.Event()

    def listen(self) -> None:
        """Wake the thread where the file has changed."""
        last_touched = self._last_touched()
        if last_touched != self._time:
            self._time = last_touched
            self.was_touched.set()

    def _last_touched(self) -> int:
        try:
            return self._file.stat().st_mtime_ns
        except FileNotFoundError:
            return 0


def _run_lane(queue: str, wake_up: WakeUp) -> None:
    scheduled = {
        name: 0.0
        for name, task in SCHEDULE.items()
        if task.queue == queue and not task.on_wake_up  # each round runs those with the due rows
    }
    while True:
        wake_up.was_touched.clear()  # before looking: a row that comes meanwhile wakes it again
        worked = False
        try:
            worked = run_due_rows(queue)
            _run_schedule(scheduled)
        except Exception:
            log.exception("worker.round_failed", queue=queue)
        finally:
            close_old_connections()
        if not worked:
            wake_up.was_touched.wait(_ROUND_SECONDS)


def _run_schedule(last_runs: dict[str, float]) -> None:
    for name, last in last_runs.items():
        task = SCHEDULE[name]
        if time.monotonic() - last >= task.every_seconds or not last:
            last_runs[name] = time.monotonic()
            task.run()
