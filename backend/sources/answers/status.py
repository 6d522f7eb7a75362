"""How each source is doing, and what its cached answers are worth."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from common.models import OutboundBudget
from common.outbound.budgets import calls_in_window
from sources.answers.clients import limits_of
from sources.answers.counters import flush_counts
from sources.contract import Source
from sources.models import SourceAnswer, SourceHour, SourceSettings
from sources.registry import all_sources, find_source

_HOURS = 24
_SLOW_MILLISECONDS = 3_000
# A question that somebody waits for is tried twice: where both tries fail, they get no answer.
_DOWN_AFTER = 2
_COUNTS = (
    "hits", "stale", "negative", "joined", "misses", "calls", "errors", "limited", "milliseconds",
)  # fmt: skip


def status_of_all() -> list[dict[str, Any]]:
    """Return how each source is doing, with its last 24 hours, the oldest first."""
    flush_counts()
    now = timezone.now()
    settings = {row.source: row for row in SourceSettings.objects.all()}
    budgets = OutboundBudget.objects.in_bulk(list(all_sources()))
    hours = _hours_since(_first_hour(now))
    return [
        _status_of(source, settings.get(name), budgets.get(name), hours.get(name, {}), now)
        for name, source in all_sources().items()
    ]


def _first_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=_HOURS - 1)


def _hours_since(first: datetime) -> dict[str, dict[datetime, SourceHour]]:
    found: dict[str, dict[datetime, SourceHour]] = {}
    for row in SourceHour.objects.filter(hour__gte=first):
        found.setdefault(row.source, {})[row.hour] = row
    return found


def _status_of(
    source: type[Source],
    settings: SourceSettings | None,
    budget: OutboundBudget | None,
    hours: Mapping[datetime, SourceHour],
    now: datetime,
) -> dict[str, Any]:
    first = _first_hour(now)
    graph = [_hour(at, hours.get(at)) for at in (first + timedelta(hours=n) for n in range(_HOURS))]
    latencies = [hour["mean_ms"] for hour in graph if hour["mean_ms"] is not None]
    latency = latencies[-1] if latencies else None
    state, since, until = _state(source, settings, budget, latency, now)
    return {
        "name": source.name,
        "label": source.label,
        "site_url": source.site_url,
        "state": state,
        "since": since,
        "until": until,
        "last_error": None if budget is None else _last_error(budget),
        "latency_ms": latency,
        "hours": graph,
    }


def _state(
    source: type[Source],
    settings: SourceSettings | None,
    budget: OutboundBudget | None,
    latency: int | None,
    now: datetime,
) -> tuple[str, datetime | None, datetime | None]:
    """Return the state, since when it is so, and until when; None where nobody knows."""
    if settings is not None and not settings.is_enabled:
        return "off", settings.changed_at, None
    if not source.is_configured():
        return "off", None, None
    if budget is None or (budget.succeeded_at is None and budget.error_at is None):
        return "unused", None, None
    open_until = _if_later(budget.open_until, now)
    if open_until is not None or budget.failures >= _DOWN_AFTER:
        return "down", budget.failing_since, open_until
    if limited_until := _if_later(budget.limited_until, now):
        return "limited", budget.error_at, limited_until
    is_slow = latency is not None and latency > _SLOW_MILLISECONDS
    return "slow" if is_slow else "up", None, None


def _if_later(time: datetime | None, now: datetime) -> datetime | None:
    return time if time is not None and time > now else None


def _hour(at: datetime, row: SourceHour | None) -> dict[str, Any]:
    calls = 0 if row is None else row.calls
    return {
        "at": at,
        "calls": calls,
        "errors": 0 if row is None else row.errors,
        "limited": 0 if row is None else row.limited,
        "mean_ms": round(row.milliseconds / calls) if row is not None and calls else None,
    }


def _last_error(budget: OutboundBudget) -> dict[str, Any] | None:
    if budget.error_at is None:
        return None
    code = "source_limited" if budget.error == "limited" else "source_down"
    detail = _words_for(budget.error, budget.error_status)
    return {"code": code, "detail": detail, "at": budget.error_at}


def _words_for(reason: str, status: int | None) -> str:
    """Return what went wrong as a sentence; the reasons are those of `common.outbound.calls`."""
    match reason:
        case "limited":
            return _("It asked us to wait.")
        case "unreachable":
            return _("No connection could be made.")
        case "timeout":
            return _("It did not answer in time.")
        case "blocked":
            return _("It refused us, or stands behind a page for browsers (status %(status)s).") % {
                "status": status
            }
        case "status":
            return _("It answered with an error (status %(status)s).") % {"status": status}
        case _:
            return _("Its answer broke off.")


def stats_of_all() -> list[dict[str, Any]]:
    """Return what was asked of each source within 24 hours, and what is kept of its answers."""
    flush_counts()
    now = timezone.now()
    recent = SourceHour.objects.filter(hour__gte=_first_hour(now)).values("source").order_by()
    counted = {
        row["source"]: row
        for row in recent.annotate(**{f"all_{name}": Sum(name) for name in _COUNTS})
    }
    answers = SourceAnswer.objects.filter(answered_at__isnull=False).order_by()
    kept = {
        row["source"]: row
        for row in answers.values("source").annotate(
            count=Count("pk"), oldest=Min("answered_at"), newest=Max("answered_at")
        )
    }  # fmt: skip
    return [
        _stats_of(source, counted.get(name, {}), kept.get(name, {}))
        for name, source in all_sources().items()
    ]


def _stats_of(
    source: type[Source], counted: Mapping[str, Any], kept: Mapping[str, Any]
) -> dict[str, Any]:
    amounts: dict[str, int] = {name: counted.get(f"all_{name}") or 0 for name in _COUNTS}
    saved = amounts["hits"] + amounts["stale"] + amounts["negative"] + amounts["joined"]
    milliseconds = amounts.pop("milliseconds")
    calls = amounts["calls"]
    return {
        "name": source.name,
        "label": source.label,
        "questions": saved + amounts["misses"],
        "saved_calls": saved,
        **amounts,
        "mean_ms": round(milliseconds / calls) if calls else None,
        "answers": kept.get("count", 0),
        "oldest_at": kept.get("oldest"),
        "newest_at": kept.get("newest"),
    }


def budget_of(name: str) -> list[dict[str, Any]]:
    """Return the budgets of a source for its operator: limits with what is used, and pauses."""
    limits = limits_of(find_source(name))
    rows = OutboundBudget.objects.in_bulk(list(limits))
    now = timezone.now()
    return [
        {
            "name": budget,
            "limits": [
                {
                    "calls": limit.calls,
                    "seconds": limit.seconds,
                    "used": calls_in_window(rows[budget], limit) if budget in rows else 0,
                }
                for limit in of_budget
            ],
            "failures": rows[budget].failures if budget in rows else 0,
            "limited_until": _if_later(rows[budget].limited_until, now) if budget in rows else None,
            "open_until": _if_later(rows[budget].open_until, now) if budget in rows else None,
        }
        for budget, of_budget in limits.items()
    ]


def waiting_of(name: str) -> dict[str, Any]:
    """Return how many questions to a source wait: those of people, others, and since when."""
    rows = SourceAnswer.objects.filter(source=name, wanted_at__isnull=False)
    return rows.aggregate(
        urgent=Count("pk", filter=Q(is_urgent=True)),
        background=Count("pk", filter=Q(is_urgent=False)),
        oldest_at=Min("wanted_at"),
    )
