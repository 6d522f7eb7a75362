"""Budgets of calls to other servers: rows that all processes share.

A call counts from the moment it may be sent until a whole window after its answer has come, or
could have come at the latest: whenever the other server saw it, none of its windows, wherever they
begin, holds more than the limit. What a cache forgets, a row still knows.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from common.models import OutboundBudget

# The breaker: after so many failures in a row nothing is sent for a while, which doubles with each
# trial that fails.
OPENS_AFTER = 5
_FIRST_OPEN_SECONDS = 30.0
_LAST_OPEN_SECONDS = 600.0
# How often is looked whether a call that is under way has ended.
_LOOK_SECONDS = 0.05
# How long background work steps back after a person last waited.
_PEOPLE_SECONDS = 0.5
# SQLite's clock has milliseconds, and cuts what is below.
_CLOCK_SECONDS = 0.001
_MOST_FAILURES = 1000


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` requests within any `seconds`."""

    calls: int
    seconds: float

    def room(self, *, urgent: bool) -> int:
        """Return how many calls of a window there are; background work leaves one in five."""
        return self.calls if urgent else max(1, self.calls * 4 // 5)


Limits = Mapping[str, Sequence[Limit]]


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to send one request now; it has to be ended."""

    key: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """No request may be sent for these seconds; `why` is "busy", "limited" or "open"."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call tells of the other server; `failure` is empty where it has answered.

    `limited_seconds` is for how long it asks us to wait, and `limits_all` whether that is for all
    budgets of the call or for its last one.
    """

    failure: str = ""
    status: int | None = None
    limited_seconds: float | None = None
    limits_all: bool = True
    down_seconds: float = 0.0


def take_turn(limits: Limits, *, urgent: bool, call_seconds: float) -> Turn | Wait:
    """Take a turn in all these budgets, or return how long there is none; never waits itself.

    The call ends within `call_seconds`. People who find no turn hold back background work.
    """
    names = sorted(limits)
    with transaction.atomic():
        rows = _rows(names, for_update=True)
        if len(rows) < len(names):
            new = [OutboundBudget(name=name) for name in names]
            OutboundBudget.objects.bulk_create(new, ignore_conflicts=True)
            rows = _rows(names, for_update=True)
        wait = _longest_wait(rows, limits, urgent=urgent)
        if wait is not None:
            if urgent and wait.why == "busy" and not all(_knows_of_people(row) for row in rows):
                seconds = min(wait.seconds, _PEOPLE_SECONDS) + _PEOPLE_SECONDS
                until = rows[0].now + timedelta(seconds=seconds)
                OutboundBudget.objects.filter(name__in=names).update(people_until=until)
            return wait
        turn = Turn(secrets.token_hex(4), tuple(names))
        for row in rows:
            now = row.now.timestamp()
            kept = _still_counted(row, limits[row.name])
            row.calls = [*kept, [turn.key, now + call_seconds, 1]]
            row.save(update_fields=["calls"])
    return turn


def end_turn(turn: Turn, outcome: Outcome | None, *, last: str) -> None:
    """Write down that a call has ended, and what it tells; `last` is the closest of its budgets."""
    with transaction.atomic():
        for row in _rows(turn.names, for_update=True):
            ended = row.now.timestamp() + _CLOCK_SECONDS
            row.calls = [
                [key, ended, 0] if key == turn.key else [key, end, is_running]
                for key, end, is_running in row.calls
            ]
            if outcome is not None:
                _note(row, outcome, is_limited=outcome.limits_all or row.name == last)
            row.save(
                update_fields=[
                    "calls", "error", "error_status", "error_at", "limited_until", "failures",
                    "failing_since", "open_until", "succeeded_at",
                ]
            )  # fmt: skip


def look_for_turn(limits: Limits, *, urgent: bool) -> Wait | None:
    """Return how long no turn can be had as it looks without a lock; None where one can."""
    return _longest_wait(_rows(sorted(limits)), limits, urgent=urgent)


def _rows(names: Sequence[str], *, for_update: bool = False) -> list[Any]:
    """Return rows in the order of their names, so that locks meet no deadlock.

    `now` is the database's clock, which all hosts share.
    """
    rows: QuerySet[OutboundBudget] = OutboundBudget.objects.filter(name__in=names)
    if for_update:
        rows = rows.select_for_update()
    return list(rows.annotate(now=Now()).order_by("name"))


def _knows_of_people(row: Any) -> bool:
    """Return True where background work steps back for a while already."""
    soon = row.now + timedelta(seconds=_PEOPLE_SECONDS / 2)
    return row.people_until is not None and row.people_until > soon


def _longest_wait(rows: Sequence[Any], limits: Limits, *, urgent: bool) -> Wait | None:
    waits = [_wait_of(row, limits[row.name], urgent=urgent) for row in rows]
    found = [wait for wait in waits if wait is not None]
    return max(found, key=lambda wait: wait.seconds) if found else None


def _wait_of(row: Any, limits: Sequence[Limit], *, urgent: bool) -> Wait | None:
    for until, why in ((row.open_until, "open"), (row.limited_until, "limited")):
        if until is not None and until > row.now:
            return Wait((until - row.now).total_seconds(), why)
    now = row.now.timestamp()
    calls = [(end, is_running) for _key, end, is_running in _still_counted(row, limits)]
    if row.failures >= OPENS_AFTER and any(is_running and end > now for end, is_running in calls):
        return Wait(_LOOK_SECONDS, "open")  # one trial is under way
    if not urgent and row.people_until is not None and row.people_until > row.now:
        return Wait(_PEOPLE_SECONDS, "busy")
    return _wait_for_room(calls, limits, now, urgent=urgent)


def _wait_for_room(
    calls: Sequence[tuple[float, int]], limits: Sequence[Limit], now: float, *, urgent: bool
) -> Wait | None:
    longest = 0.0
    for limit in limits:
        counted = sorted(call for call in calls if call[0] > now - limit.seconds)
        too_many = len(counted) - limit.room(urgent=urgent)
        if too_many >= 0:
            free_at = counted[too_many][0] + limit.seconds
            # A call that is under way may end sooner than it has to.
            may_end = any(is_running for _end, is_running in counted)
            left = free_at - now
            longest = max(longest, min(left, _LOOK_SECONDS) if may_end else left)
    return Wait(longest, "busy") if longest > 0 else None


def _still_counted(row: Any, limits: Sequence[Limit]) -> list[list[Any]]:
    window = max((limit.seconds for limit in limits), default=0.0)
    after = row.now.timestamp() - window
    return [call for call in row.calls if call[1] > after]


def _note(row: Any, outcome: Outcome, *, is_limited: bool) -> None:
    now: datetime = row.now
    if outcome.limited_seconds is not None and is_limited:
        row.limited_until = now + timedelta(seconds=outcome.limited_seconds)
    if outcome.limited_seconds is not None or outcome.failure:
        row.error, row.error_status, row.error_at = outcome.failure, outcome.status, now
    if outcome.limited_seconds is not None:
        return
    if not outcome.failure:
        row.failures, row.failing_since, row.open_until = 0, None, None
        row.succeeded_at = now
        return
    row.failures = min(row.failures + 1, _MOST_FAILURES)
    row.failing_since = row.failing_since or now
    seconds = outcome.down_seconds
    if row.failures >= OPENS_AFTER:
        doubled = _FIRST_OPEN_SECONDS * 2 ** min(row.failures - OPENS_AFTER, 10)
        seconds = max(seconds, min(doubled, _LAST_OPEN_SECONDS))
    if seconds:
        row.open_until = now + timedelta(seconds=seconds)


def reset_budget(name: str) -> None:
    """Forget failures and pauses of a budget and of those below it; calls still count."""
    rows = OutboundBudget.objects.filter(name=name) | OutboundBudget.objects.filter(
        name__startswith=f"{name}."
    )
    rows.update(failures=0, failing_since=None, open_until=None, limited_until=None)


def calls_in_window(row: OutboundBudget, limit: Limit) -> int:
    """Return how many calls count for a limit now."""
    after = timezone.now().timestamp() - limit.seconds
    return sum(call[1] > after for call in row.calls)
