"""Workers bring the answers: each source has its own threads, so that a slow one delays no other.

`answer_questions` starts threads for the sources that are asked something, and looks for more while
one of them works. A thread takes what people wait for first, the newest of it, and only when there
is a turn in the budget: whoever comes meanwhile with something more urgent is not behind it.
"""

import threading
import time
from datetime import timedelta
from typing import Any

import structlog
from django.db import connections
from django.db.models import Count
from django.utils import timezone

from common.http.errors import NotFound
from common.outbound.budgets import Outcome, Wait, look_for_turn
from common.work.background import scheduled_task
from common.work.leases import Lease, LeaseLost, claim, nobody_holds
from sources.answers.asking import QUEUE, WANTED
from sources.answers.clients import budget_name, call_source
from sources.answers.counters import flush_counts
from sources.answers.values import Value, bounded, pack
from sources.contract import FoundTitle, Gone, Kind, Source, SourceFailed, Status, Unreadable
from sources.models import SourceAnswer, What
from sources.registry import all_sources

log = structlog.get_logger(__name__)

_THREADS_A_SOURCE = 3
# How often is looked for other sources while one is being asked.
_LOOK_SECONDS = 0.1
# Before a question is taken, a turn is waited for as long as this; beyond, it fails at once.
_PATIENCE_SECONDS = 8.0
_MOST_ATTEMPTS = 3

_FRESH_SEARCH = timedelta(days=1)
_FRESH_DETAILS = timedelta(days=1)
_FRESH_ONGOING = timedelta(hours=6)
_FRESH_CHAPTERS = timedelta(minutes=30)
_FRESH_NOTHING = timedelta(hours=1)
# For so long nothing is asked again that has failed.
_FAILED = {
    "not_found": timedelta(hours=1),
    "source_unreadable": timedelta(minutes=10),
}
_FAILED_OTHERWISE = timedelta(minutes=1)


# --- Threads ------------------------------------------------------------------------------------


class _Lanes:
    """The threads of this process, by source."""

    def __init__(self) -> None:
        self.dispatching = threading.Lock()
        self.threads: dict[str, list[threading.Thread]] = {}

    def busy(self, source: str) -> int:
        """Return how many threads of a source work."""
        alive = [thread for thread in self.threads.get(source, ()) if thread.is_alive()]
        self.threads[source] = alive
        return len(alive)


_lanes = _Lanes()


@scheduled_task(every_seconds=15, queue=QUEUE, on_wake_up=True)
def answer_questions() -> None:
    """Answer all that is asked, each source for itself; return when nothing is asked any more.

    Another call in the same process returns at once: the first one looks for what is new.
    """
    if not _lanes.dispatching.acquire(blocking=False):
        return
    try:
        while _start_lanes():
            time.sleep(_LOOK_SECONDS)
    finally:
        _lanes.dispatching.release()


def _start_lanes() -> bool:
    """Start threads for what waits; return True while one works."""
    for source, waiting in _waiting_by_source():
        for _thread in range(min(waiting, _THREADS_A_SOURCE - _lanes.busy(source))):
            thread = threading.Thread(target=_run_lane, args=(source,), daemon=True)
            _lanes.threads[source].append(thread)
            thread.start()
    return any(_lanes.busy(source) for source in list(_lanes.threads))


def _waiting_by_source() -> list[tuple[str, int]]:
    rows = SourceAnswer.objects.filter(nobody_holds(), wanted_at__isnull=False)
    counted = rows.order_by("source").values("source").annotate(waiting=Count("pk"))
    return [(row["source"], row["waiting"]) for row in counted]


def _run_lane(source: str) -> None:
    try:
        answer_source(source)
    except Exception:
        log.exception("sources.lane_failed", source=source)
    finally:
        connections.close_all()


# --- Questions ----------------------------------------------------------------------------------


def answer_source(source: str) -> None:
    """Answer the questions to one source until none waits."""
    _forget_unwanted(source)
    while (row := _next_question(source)) is not None:
        wait = _wait_for_turn(source, urgent=row.is_urgent)
        if wait is not None and wait.why == "busy" and wait.seconds < _PATIENCE_SECONDS:
            time.sleep(min(wait.seconds, _LOOK_SECONDS))
            continue
        answer_question(row.pk)
    flush_counts()


def _forget_unwanted(source: str) -> None:
    """Give up what somebody once waited for and asks for no more."""
    SourceAnswer.objects.filter(
        nobody_holds(), source=source, is_urgent=True, wanted_at__lt=timezone.now() - WANTED
    ).update(wanted_at=None, is_urgent=False)


def _next_question(source: str) -> SourceAnswer | None:
    rows = SourceAnswer.objects.filter(nobody_holds(), source=source).defer("value")
    still = rows.filter(is_urgent=True, wanted_at__gte=timezone.now() - WANTED)
    background = rows.filter(is_urgent=False, wanted_at__isnull=False)
    return still.order_by("-wanted_at").first() or background.order_by("wanted_at").first()


def _wait_for_turn(source: str, *, urgent: bool) -> Wait | None:
    plugin = all_sources().get(source)
    if plugin is None:
        return None
    return look_for_turn({budget_name(source): plugin.limits.get("", ())}, urgent=urgent)


def answer_question(pk: int) -> None:
    """Ask a source what a row wants, and keep the answer in it; may run twice without harm."""
    lease = claim(SourceAnswer.objects.filter(wanted_at__isnull=False), pk)
    row = None if lease is None else lease.rows().first()
    if lease is None or row is None:
        return
    try:
        if row.attempts > _MOST_ATTEMPTS:  # it ended its worker each time
            raise Unreadable("No answer is understood.")
        value = _ask_source(row, lease)
        _keep(lease, row, value)
    except NotFound:  # the plug-in is not installed any more
        _note_failure(lease, row, SourceFailed("", code="source_off"))
    except SourceFailed as error:
        _note_failure(lease, row, error)
    except LeaseLost:
        return
    except Exception:  # a plug-in may be anybody's
        log.exception("sources.plugin_failed", source=row.source, what=row.what)
        _note_failure(lease, row, Unreadable(""))


def _ask_source(row: SourceAnswer, lease: Lease[SourceAnswer]) -> Value:
    def stay(_outcome: Outcome, _seconds: float) -> None:
        lease.keep()

    source = call_source(row.source, urgent=row.is_urgent, observe=stay)
    return bounded(row.what, _call(source, row))


def _call(source: Source, row: SourceAnswer) -> Any:
    params = row.params
    match row.what:
        case What.SEARCH:
            kind = Kind(params["kind"]) if params["kind"] else None
            return source.search(params["query"], kind=kind, adult=params["adult"])
        case What.DETAILS:
            return source.get_details(params["id"])
        case _:
            return source.get_chapters(params["id"], languages=params["languages"])


def _keep(lease: Lease[SourceAnswer], row: SourceAnswer, value: Value) -> None:
    now = timezone.now()
    _settle(
        lease, value=pack(row.what, value), is_empty=not value, answered_at=now,
        fresh_until=now + _fresh_for(row.what, value), error="", error_until=None,
    )  # fmt: skip


def _fresh_for(what: str, value: Value) -> timedelta:
    if not value:
        return _FRESH_NOTHING
    if isinstance(value, FoundTitle):
        return _FRESH_ONGOING if value.status == Status.ONGOING else _FRESH_DETAILS
    return _FRESH_SEARCH if what == What.SEARCH else _FRESH_CHAPTERS


def _note_failure(lease: Lease[SourceAnswer], row: SourceAnswer, error: SourceFailed) -> None:
    """Keep what went wrong and until when it is not asked again; an old answer stays."""
    until = timezone.now() + _FAILED.get(error.code, _FAILED_OTHERWISE)
    changes: dict[str, Any] = {"error": error.code, "error_until": max(until, error.until or until)}
    if isinstance(error, Gone):
        changes |= {"value": None, "is_empty": False, "answered_at": None, "fresh_until": None}
    _settle(lease, **changes)
    log.info("sources.failed", source=row.source, what=row.what, code=error.code)


def _settle(lease: Lease[SourceAnswer], **changes: Any) -> None:
    lease.rows().update(
        wanted_at=None, is_urgent=False, attempts=0, lease_token=None, lease_until=None,
        changed_at=timezone.now(), **changes,
    )  # fmt: skip
