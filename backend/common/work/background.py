"""Background work: a registry of functions over due rows, and the messages that wake a worker.

Both profiles run the same functions: Celery's workers (`mangakg/celery.py`) and
`manage.py work`. A message may be lost at any time; the schedule finds the row again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

import structlog
from celery import Celery
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from common.work.leases import LeaseLost

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BackgroundTask:
    """Work on one row at a time. `run(pk)` claims the row itself and may run twice without harm."""

    name: str
    run: Callable[[int], None]
    due: Callable[[], Iterable[int]]
    queue: str
    every_seconds: int
    # The next row is chosen anew each time, as the order changes with each row that is done.
    in_turn: bool = False

    def work(self, pk: int) -> bool:
        """Run it and report failures: return True when done, False when it was lost or failed.

        A row that failed stays due: its lease runs out, and it is tried again.
        """
        try:
            self.run(pk)
        except LeaseLost:
            log.info("task.lease_lost", task=self.name, pk=pk)
            return False
        except Exception:
            log.exception("task.failed", task=self.name, pk=pk)
            return False
        return True

    def run_from_message(self, pk: int) -> None:
        """Run row `pk`, or, where rows take turns, the one whose turn it is."""
        for due in self.next_rows() if self.in_turn else (pk,):
            self.work(due)

    def next_rows(self) -> list[int]:
        """Return the rows to run before asking again: all due ones, or the next in turn."""
        return list(islice(self.due(), 1) if self.in_turn else self.due())

    def enqueue(self, pk: int) -> None:
        """Wake a worker for row `pk` once the transaction is committed."""
        transaction.on_commit(partial(wake_worker, self.name, self.queue, pk))


@dataclass(frozen=True)
class ScheduledTask:
    """Work without a row of its own, such as sweeping."""

    name: str
    run: Callable[[], object]
    queue: str
    every_seconds: int
    # Run also when `wake_queue` wakes its queue, and not by the schedule only.
    on_wake_up: bool = False


TASKS: dict[str, BackgroundTask] = {}
SCHEDULE: dict[str, ScheduledTask] = {}


def background_task(
    *,
    due: Callable[[], Iterable[int]],
    queue: str,
    every_seconds: int = 30,
    in_turn: bool = False,
) -> Callable[[Callable[[int], None]], BackgroundTask]:
    """Register a function that works on one row; `due` finds the rows that wait, the oldest first.

    With `in_turn` a message wakes a worker for the row that `due` puts first by then, not for its
    own.
    """

    def register(run: Callable[[int], None]) -> BackgroundTask:
        name = f"{run.__module__}.{run.__name__}"
        task = BackgroundTask(name, run, due, queue, every_seconds, in_turn)
        TASKS[name] = task
        return task

    return register


def scheduled_task(
    *, every_seconds: int, queue: str = "publishing", on_wake_up: bool = False
) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register a function that the schedule calls; it may run twice at once without harm.

    With `on_wake_up` it runs as well whenever its queue is woken, and does all that there is to do.
    """

    def register(run: Callable[[], object]) -> Callable[[], object]:
        name = f"{run.__module__}.{run.__name__}"
        SCHEDULE[name] = ScheduledTask(name, run, queue, every_seconds, on_wake_up)
        return run

    return register


@lru_cache(maxsize=1)
def celery_app() -> Celery:
    """Return the one Celery application; `mangakg.celery` gives it its tasks."""
    app = Celery("mangakg", set_as_current=False)
    app.conf.update(
        broker_url=settings.CELERY_BROKER_URL,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2,
        broker_transport_options={
            "global_keyprefix": f"{settings.INSTANCE}:",
            "socket_connect_timeout": 2,
            "socket_timeout": 5,
        },
        task_ignore_result=True,
    )
    return app


def queues() -> list[str]:
    """Return the queues that some task is in, sorted."""
    return sorted({*(task.queue for task in TASKS.values()), *(s.queue for s in SCHEDULE.values())})


def run_due_rows(queue: str) -> bool:
    """Run the rows that are due, only one where they take turns; return True if one was done.

    What runs `on_wake_up` is run first.
    """
    worked = False
    for scheduled in SCHEDULE.values():
        if scheduled.queue == queue and scheduled.on_wake_up:
            scheduled.run()
    for task in TASKS.values():
        if task.queue != queue:
            continue
        for pk in task.next_rows():
            worked = task.work(pk) or worked
    return worked


def wake_up_file(queue: str) -> Path:
    """Return the file whose change wakes the embedded profile's worker."""
    return Path(settings.DATA_FOLDER) / "run" / f"wake_up.{queue}"


def wake_worker(name: str, queue: str, pk: int, *, expires_seconds: int | None = None) -> None:
    """Wake a worker for one row now. A lost message is logged: the schedule finds the row."""
    if not settings.CELERY_BROKER_URL:
        _touch(queue)
        return
    try:
        celery_app().send_task(name, args=[pk], queue=queue, retry=False, expires=expires_seconds)
    except OperationalError as error:
        log.warning("wake_up.lost", task=name, pk=pk, error=str(error))


def wake_queue(queue: str) -> None:
    """Wake a worker to look for due rows of a queue, once the transaction is committed.

    It is for a step that ends with a row that waits, and need not know which task goes on with it.
    """
    transaction.on_commit(partial(_wake_queue_now, queue))


def queue_task(queue: str) -> str:
    """Return the name of the Celery task that runs what is due in a queue."""
    return f"queue.{queue}"


def _wake_queue_now(queue: str) -> None:
    if not settings.CELERY_BROKER_URL:
        _touch(queue)
        return
    try:
        celery_app().send_task(queue_task(queue), queue=queue, retry=False)
    except OperationalError as error:
        log.warning("wake_up.lost", task=queue_task(queue), pk=0, error=str(error))


def _touch(queue: str) -> None:
    file = wake_up_file(queue)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
