"""Asking sources without calling them: the web reads rows, and workers bring the answers.

`ask` returns what is known at once, and wakes a worker where that is nothing or old. So no page
waits for another site, one call answers all who ask the same, and an old answer is shown while a
new one is fetched, or as long as there is none.
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.utils import timezone

from common.outbound.transport import refuse_open_transactions
from common.work.background import wake_queue
from sources.answers.clients import message_of
from sources.answers.counters import count
from sources.answers.questions import Question, question
from sources.answers.values import Value, unpack
from sources.models import SourceAnswer

QUEUE = "sources"
# A question that nobody repeats is not asked on: its row is wanted by somebody for so long.
WANTED = timedelta(seconds=30)
# Whoever waits says so again after this.
_RENEW = timedelta(seconds=5)
# So many requests of a process may wait at once; others get what is there.
_MOST_WAITING = 3
_FIRST_LOOK_SECONDS, _LAST_LOOK_SECONDS = 0.02, 0.2

State = Literal["fresh", "stale", "waiting", "failed"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a question.

    fresh: `value` is the answer. stale: it is an old one; a new one comes, unless there is an
    `error`. waiting: it is being asked, and `value` is an old answer or None. failed: there is no
    answer, and `error` says why; with the code `not_found` the source does not know it.
    """

    question: Question
    state: State
    value: Value | None = None
    age_seconds: float | None = None
    error: Mapping[str, str] | None = None
    until: datetime | None = None
    # Older answers than this are none.
    not_before: datetime | None = None

    @property
    def source(self) -> str:
        """Return the name of the source that is asked."""
        return self.question.source


def ask(
    source: str,
    what: str,
    params: Mapping[str, Any],
    *,
    urgent: bool = True,
    max_age: timedelta | None = None,
) -> Asked:
    """Return what is known of one question; see `ask_all`."""
    [asked] = ask_all([(source, what, params)], urgent=urgent, max_age=max_age)
    return asked


def ask_all(
    questions: Iterable[tuple[str, str, Mapping[str, Any]]],
    *,
    urgent: bool = True,
    max_age: timedelta | None = None,
) -> list[Asked]:
    """Return what is known of each question, by one query, and have workers ask for the rest.

    Somebody looks on while an `urgent` one waits: it goes first, and is forgotten where nobody
    repeats it. `max_age` is for whoever knows that something has changed.
    """
    asking = [question(*one) for one in questions]
    now = timezone.now()
    not_before = None if max_age is None else now - max_age
    rows = {row.key: row for row in SourceAnswer.objects.filter(key__in=[q.key for q in asking])}
    found = [_state_of(one, rows.get(one.key), now, not_before) for one in asking]
    waiting = [one.question for one in found if one.state == "waiting"]
    old = [one.question for one in found if one.state == "stale" and one.error is None]
    _want(waiting, rows, now, urgent=urgent)
    _want(old, rows, now, urgent=False)  # nobody waits for these
    for asked in found:
        _count(asked, rows.get(asked.question.key), now)
    return found


def wait_for(asked: Sequence[Asked], seconds: float) -> list[Asked]:
    """Return the same questions, once none waits any more or the time is over.

    Never inside a transaction: no worker would see what it has asked.
    """
    refuse_open_transactions()
    waiting = [one for one in asked if one.state == "waiting"]
    if not waiting:
        return list(asked)
    if _waiters.acquire(blocking=False):
        try:
            _watch([one.question.key for one in waiting], time.monotonic() + seconds)
        finally:
            _waiters.release()
    now = timezone.now()
    rows = SourceAnswer.objects.in_bulk([one.question.key for one in waiting], field_name="key")
    return [
        _state_of(one.question, rows.get(one.question.key), now, one.not_before)
        if one.state == "waiting" else one
        for one in asked
    ]  # fmt: skip


_waiters = threading.BoundedSemaphore(_MOST_WAITING)


def _watch(keys: Sequence[str], until: float) -> None:
    """Return when no row of these is wanted any more, or at a time of the monotonic clock."""
    wanted = SourceAnswer.objects.filter(key__in=keys, wanted_at__isnull=False)
    pause = _FIRST_LOOK_SECONDS
    while wanted.exists() and (left := until - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LAST_LOOK_SECONDS)


def _state_of(
    asking: Question, row: SourceAnswer | None, now: datetime, not_before: datetime | None
) -> Asked:
    if row is None:
        return Asked(asking, "waiting", not_before=not_before)
    value = None if row.value is None else unpack(asking.what, bytes(row.value))
    age = None
    if value is not None and row.answered_at is not None:
        age = (now - row.answered_at).total_seconds()
    is_new = not_before is None or row.changed_at >= not_before
    error, until = None, None
    if row.error and row.error_until is not None and row.error_until > now and is_new:
        error, until = {"code": row.error, "detail": message_of(row.error)}, row.error_until
    state: State
    if value is None:
        state = "failed" if error else "waiting"
    elif error:
        state = "stale"
    elif not_before is not None:
        answered = row.answered_at is not None and row.answered_at >= not_before
        state = "fresh" if answered else "waiting"
    else:
        is_fresh = row.fresh_until is not None and row.fresh_until > now
        state = "fresh" if is_fresh else "stale"
    return Asked(asking, state, value, age, error, until, not_before)


def _want(
    questions: Sequence[Question],
    rows: Mapping[str, SourceAnswer],
    now: datetime,
    *,
    urgent: bool,
) -> None:
    """Mark rows as wanted and wake a worker; what is marked already costs nothing."""
    missing = [one for one in questions if one.key not in rows]
    if missing:
        SourceAnswer.objects.bulk_create(
            [
                SourceAnswer(
                    key=one.key, source=one.source, what=one.what, params=one.params,
                    wanted_at=now, is_urgent=urgent,
                )
                for one in missing
            ],
            ignore_conflicts=True,
        )  # fmt: skip
    there = [
        one.key for one in questions
        if one.key in rows and not _is_marked(rows[one.key], now, urgent=urgent)
    ]  # fmt: skip
    if there:
        # Not where an answer has come meanwhile.
        marked = SourceAnswer.objects.filter(key__in=there, changed_at__lte=now)
        if not urgent:
            marked = marked.filter(wanted_at__isnull=True)
        marked.update(wanted_at=now, is_urgent=urgent)
    if missing or there:
        wake_queue(QUEUE)


def _is_marked(row: SourceAnswer, now: datetime, *, urgent: bool) -> bool:
    if row.wanted_at is None or not urgent:
        return row.wanted_at is not None
    return row.is_urgent and row.wanted_at > now - _RENEW


def _count(asked: Asked, row: SourceAnswer | None, now: datetime) -> None:
    if asked.state == "waiting":
        is_under_way = row is not None and row.wanted_at is not None
        count(asked.source, **{"joined" if is_under_way else "misses": 1})
    elif asked.state == "stale":
        count(asked.source, stale=1)
    elif asked.state == "failed" or not asked.value:
        count(asked.source, negative=1)
    else:
        count(asked.source, hits=1)
