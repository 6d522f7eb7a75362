"""The worker of the services profile runs background tasks in Celery, and the schedule in beat.

The row is the queue: a lost message costs one round of the schedule, a repeated one nothing.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import django
import structlog
from celery.signals import beat_init, worker_init, worker_process_init, worker_shutting_down
from kombu import Exchange, Queue
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mangakg.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import close_old_connections, connections  # noqa: E402

from common.mail_folder import warn_without_mail_server  # noqa: E402
from common.work.background import (  # noqa: E402
    SCHEDULE,
    TASKS,
    BackgroundTask,
    celery_app,
    queue_task,
    queues,
    run_due_rows,
    wake_worker,
)
from mangakg.orphans import end_with_parent  # noqa: E402

log = structlog.get_logger(__name__)

# For so long a worker that is asked to end may finish its tasks; rows keep the rest.
_LAST_SECONDS = 20

# A message that was not received by then is repeated by the second next round.
_ROUNDS_HEARD = 2

app = celery_app()
app.set_current()
app.conf.update(
    task_default_queue="publishing",
    # Declared, so that a worker can take all queues but some (-X): a new queue then has a worker.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in queues()],
    worker_hijack_root_logger=False,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=200,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # In memory: no file can be broken by a kill, and each start enqueues everything once.
    beat_scheduler="celery.beat:Scheduler",
    beat_max_loop_interval=60,
    timezone="UTC",
)


def _row_task(task: BackgroundTask) -> Callable[[int], None]:
    def run(pk: int) -> None:
        close_old_connections()
        task.run_from_message(pk)

    return run


def _round_task(task: BackgroundTask) -> Callable[[], None]:
    def enqueue_due_rows() -> None:
        close_old_connections()
        expires_seconds = _ROUNDS_HEARD * round_seconds(task)
        for pk in task.due():
            wake_worker(task.name, task.queue, pk, expires_seconds=expires_seconds)

    return enqueue_due_rows


def _queue_task(queue: str) -> Callable[[], None]:
    def run() -> None:
        close_old_connections()
        run_due_rows(queue)

    return run


def round_seconds(task: BackgroundTask) -> int:
    """Return how often due rows are looked for, so that a killed worker's row waits one lease."""
    return min(task.every_seconds, int(settings.LEASE_SECONDS))


beat: dict[str, dict[str, Any]] = {}
for task in TASKS.values():
    app.task(name=task.name)(_row_task(task))
    app.task(name=f"{task.name}.round")(_round_task(task))
    seconds = round_seconds(task)
    beat[task.name] = {
        "task": f"{task.name}.round",
        "schedule": seconds,
        # While no worker runs, rounds do not pile up.
        "options": {"queue": "publishing", "expires": seconds},
    }
for queue in queues():
    app.task(name=queue_task(queue))(_queue_task(queue))
for scheduled in SCHEDULE.values():
    app.task(name=scheduled.name)(scheduled.run)
    beat[scheduled.name] = {
        "task": scheduled.name,
        "schedule": scheduled.every_seconds,
        "options": {"queue": scheduled.queue, "expires": scheduled.every_seconds},
    }
app.conf.beat_schedule = beat


@beat_init.connect
def _enqueue_everything_once(**_: Any) -> None:
    # Intervals start anew with each start of beat: a task of every six hours would never run
    # where a version is deployed every five.
    for entry in beat.values():
        try:
            app.send_task(entry["task"], retry=False, **entry["options"])
        except OperationalError as error:
            log.warning("beat.no_broker", error=str(error))
            return


@worker_init.connect
def _say_where_emails_go(**_: Any) -> None:
    warn_without_mail_server()


@worker_init.connect
def _keep_one_connection(**_: Any) -> None:
    # A process of the worker runs one task at a time; only the web's threads need a pool.
    connections["default"].settings_dict.get("OPTIONS", {}).pop("pool", None)


@worker_process_init.connect
def _end_with_worker(**_: Any) -> None:
    end_with_parent(signal.SIGKILL)


@worker_shutting_down.connect
def _end_in_time(**_: Any) -> None:
    # Celery's warm shutdown waits for its pool without a limit, and sometimes for ever.
    timer = threading.Timer(_LAST_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()
