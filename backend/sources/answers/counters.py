"""Counts questions and calls by source and hour, in memory first: no question costs a write."""

import threading
import time
from collections import Counter
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from sources.models import SourceHour

# What this process has counted is written with the first count after so long.
_FLUSH_SECONDS = 5.0


class _Counts:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: Counter[tuple[str, datetime, str]] = Counter()
        self.flushed = time.monotonic()


_here = _Counts()


def count(source: str, **amounts: int) -> None:
    """Add to the columns of SourceHour; now and then the caller writes them down."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    with _here.lock:
        for column, amount in amounts.items():
            _here.counts[source, hour, column] += amount
        is_due = time.monotonic() - _here.flushed > _FLUSH_SECONDS
    if is_due:
        flush_counts()


def flush_counts() -> None:
    """Write down what this process has counted; readers do it first, to see their own."""
    with _here.lock:
        counts, _here.counts = _here.counts, Counter()
        _here.flushed = time.monotonic()
    hours: dict[tuple[str, datetime], dict[str, int]] = {}
    for (source, hour, column), amount in counts.items():
        hours.setdefault((source, hour), {})[column] = amount
    if hours:
        SourceHour.objects.bulk_create(
            [SourceHour(source=source, hour=hour) for source, hour in hours], ignore_conflicts=True
        )
    for (source, hour), amounts in hours.items():
        SourceHour.objects.filter(source=source, hour=hour).update(
            **{column: F(column) + amount for column, amount in amounts.items()}
        )
