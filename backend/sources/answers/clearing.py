"""Answers go by time, by source, or by hand."""

from datetime import timedelta

import structlog
from django.db.models import Q, QuerySet
from django.utils import timezone

from common.work.background import scheduled_task
from sources.answers.asking import QUEUE
from sources.models import SourceAnswer, SourceHour

log = structlog.get_logger(__name__)

_KEEP = timedelta(days=7)
# Nothing found, or nothing answered.
_KEEP_EMPTY = timedelta(days=1)
_KEEP_HOURS = timedelta(days=30)
_MOST_ANSWERS = 50_000
_DELETED_AT_ONCE = 500


def clear_answers(source: str | None = None) -> int:
    """Forget all answers, or those of one source; return how many. What is asked is asked on."""
    rows = SourceAnswer.objects.filter(wanted_at__isnull=True)
    if source is not None:
        rows = rows.filter(source=source)
    count = _delete(rows)
    log.info("sources.cleared", source=source or "", answers=count)
    return count


@scheduled_task(every_seconds=3600, queue=QUEUE)
def forget_old_answers() -> None:
    """Forget what is old, the oldest of what is too much, and what hours were like long ago."""
    now = timezone.now()
    rows = SourceAnswer.objects.filter(wanted_at__isnull=True)
    is_empty = Q(value__isnull=True) | Q(is_empty=True)
    _delete(rows.filter(changed_at__lt=now - _KEEP))
    _delete(rows.filter(is_empty, changed_at__lt=now - _KEEP_EMPTY))
    newest = SourceAnswer.objects.order_by("-changed_at").values_list("changed_at", flat=True)
    if too_many := list(newest[_MOST_ANSWERS : _MOST_ANSWERS + 1]):
        _delete(rows.filter(changed_at__lte=too_many[0]))
    SourceHour.objects.filter(hour__lt=now - _KEEP_HOURS).delete()


def _delete(rows: QuerySet[SourceAnswer]) -> int:
    """Delete rows, some at a time, so that nobody waits for it."""
    count = 0
    while ids := list(rows.order_by("changed_at").values_list("pk", flat=True)[:_DELETED_AT_ONCE]):
        deleted, _by_model = SourceAnswer.objects.filter(pk__in=ids).delete()
        count += deleted
    return count
